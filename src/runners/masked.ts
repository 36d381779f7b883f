/** A runner whose output never shows a secret: what a command prints of one comes out as `***`. */
import type {Runner} from '../model/ports.js'

const MASK = '***'
const SHORTEST_LINE = 4

/** The ways in which a shell's trace (`sh -x`) and web addresses write a value. */
function spellings(text: string): string[] {
  return [
    text,
    text.replaceAll("'", `'"'"'`),
    text.replaceAll("'", `'\\''`),
    text.replaceAll(/[\\"$`]/g, '\\$&'),
    encodeURIComponent(text),
    JSON.stringify(text).slice(1, -1),
  ]
}

/** Replaces every value, and each line of one that has several, longest first. */
function masker(values: readonly string[]): (line: string) => string {
  const parts = values.flatMap(value => {
    // A line of few characters is in any text, like the braces of a JSON.
    const lines = value
      .split(/\r?\n/)
      .map(each => each.trim())
      .filter(each => each.length >= SHORTEST_LINE)
    return value.trim() === '' ? [] : [value.trim(), ...lines]
  })
  const known = [...new Set(parts.flatMap(spellings))].sort((a, b) => b.length - a.length)
  return line => known.reduce((text, secret) => text.replaceAll(secret, MASK), line)
}

export function maskedRunner(inner: Runner, values: readonly string[]): Runner {
  if (values.length === 0) return inner
  const mask = masker(values)
  return {
    async run(command, onLine, signal) {
      const result = await inner.run(command, (line, isOver) => onLine(mask(line), isOver), signal)
      return {...result, tail: result.tail.map(mask)}
    },
  }
}
