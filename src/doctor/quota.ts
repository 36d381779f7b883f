/** Quotas of the engine's user, as far as quota(1) can tell. */
import {findProgram} from '../probes/programs.js'
import {bytes, error, type Found, type Look, ok, warning} from './look.js'

export interface Quota {
  readonly place: string
  /** Bytes, or files. */
  readonly unit: 'bytes' | 'files'
  readonly used: number
  readonly limit: number
}

/** What `quota -w -p` prints: blocks of 1 KiB, a limit of 0 is none, `*` marks what is over. */
export function readQuotas(lines: readonly string[]): readonly Quota[] {
  return lines.flatMap(line => {
    const fields = line.trim().split(/\s+/)
    const [place = '', ...numbers] = fields
    const [blocks, soft, hard, , files, softFiles, hardFiles] = numbers.map(each => Number(each.replace('*', '')))
    // A line of numbers; the others are headings.
    if (
      numbers.length < 8 ||
      [blocks, soft, hard, files, softFiles, hardFiles].some(each => each === undefined || Number.isNaN(each))
    )
      return []
    const row = (unit: Quota['unit'], used = 0, low = 0, high = 0, factor = 1): Quota[] => {
      const limit = low > 0 ? low : high
      return limit > 0 ? [{place, unit, used: used * factor, limit: limit * factor}] : []
    }
    return [...row('bytes', blocks, soft, hard, 1024), ...row('files', files, softFiles, hardFiles)]
  })
}

/** What is used beyond this part of a quota is worth a word. */
const NEARLY = 0.9

export function quotaFound({place, unit, used, limit}: Quota): Found {
  const amount = (count: number) => (unit === 'bytes' ? bytes(count) : `${count} files`)
  const text = `${place}: ${amount(used)} of ${amount(limit)} used`
  const why = 'a write beyond the quota fails, and the build with it'
  const fix = 'sifstage cache prune --max-size 5GB, or a store elsewhere: --cache-dir DIR'
  if (used >= limit) return error(text, why, fix)
  return used >= limit * NEARLY ? warning(text, why, fix) : ok(text)
}

export const quota: Look = {
  name: 'quota',
  async look({ask, env, folder, store}) {
    const found: Found[] = []
    const {network} = await folder(store)
    if (network === 'Lustre') found.push(ok(`${store} is on Lustre: lfs quota -h -u "$USER" ${store} tells its quota`))
    if (findProgram('quota', env['PATH'] ?? '') === undefined) return found
    const {lines} = await ask(['quota', '-w', '-p'])
    const quotas = readQuotas(lines).map(quotaFound)
    return [...found, ...(quotas.length === 0 && found.length === 0 ? [ok('quota tells of none')] : quotas)]
  },
}
