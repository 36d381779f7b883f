/** Times as Go reads them: `1m30s` (time.ParseDuration). */

const SECONDS: Readonly<Record<string, number>> = {ns: 1e-9, us: 1e-6, µs: 1e-6, μs: 1e-6, ms: 1e-3, s: 1, m: 60, h: 3600}

function secondsOf(text: string): number {
  let total = 0
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g))
    total += Number(amount) * (SECONDS[unit ?? ''] ?? 0)
  return total
}

/** A time that is none of `durationTrouble`'s, as images store it. */
export function nanoseconds(text: string): number {
  return Math.round(secondsOf(text) * 1e9)
}

/** What is wrong with the time of a HEALTHCHECK flag: it is 0, or at least a millisecond. */
export function durationTrouble(name: string, text: string): string | undefined {
  if (text === '' || /^[-+]?0$/.test(text)) return undefined
  if (!/^[-+]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
    return /^[-+]?(\d+(\.\d*)?|\.\d+)$/.test(text)
      ? `time: missing unit in duration ${JSON.stringify(text)}`
      : `time: invalid duration ${JSON.stringify(text)}`
  }
  const total = secondsOf(text)
  if (total === 0) return undefined
  return text.startsWith('-') || total < 1e-3 ? `Interval ${JSON.stringify(name)} cannot be less than 1ms` : undefined
}
