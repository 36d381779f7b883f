/** Amounts as people write them. */
import {ExitCode, SifstageError} from '../model/errors.js'

const SIZES: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['K', 1e3],
  ['M', 1e6],
  ['G', 1e9],
  ['T', 1e12],
  ['KI', 2 ** 10],
  ['MI', 2 ** 20],
  ['GI', 2 ** 30],
  ['TI', 2 ** 40],
])
const AGES: ReadonlyMap<string, number> = new Map([
  ['s', 1e3],
  ['m', 60e3],
  ['h', 3_600e3],
  ['d', 86_400e3],
  ['w', 7 * 86_400e3],
])

/**
 * Bytes of `20GB`, `1.5G`, `500MiB`, `4096`.
 * @param name of the flag or setting, for the message
 * @throws SifstageError (2)
 */
export function parseSize(name: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([KMGT]?i?)B?$/i.exec(text.trim()) ?? []
  const factor = number === '' ? undefined : SIZES.get(unit.toUpperCase())
  if (factor === undefined)
    throw new SifstageError(ExitCode.usage, `${name} ${text}: not an amount of bytes`, 'Write it like 20GB, 500MB or 1.5TiB.')
  return Math.floor(Number(number) * factor)
}

/**
 * Milliseconds of `14d`, `12h`, `2w`.
 * @throws SifstageError (2)
 */
export function parseAge(name: string, text: string): number {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?) ?([smhdw])$/.exec(text.trim()) ?? []
  const factor = AGES.get(unit)
  if (number === '' || factor === undefined)
    throw new SifstageError(ExitCode.usage, `${name} ${text}: not a time`, 'Write it like 14d, 12h or 2w.')
  return Number(number) * factor
}
