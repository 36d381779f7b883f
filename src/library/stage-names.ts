/** Names of an input's stages, for whoever completes a command line: quickly, also while somebody is still writing it. */
import {statSync} from 'node:fs'
import {resolve} from 'node:path'
import {detectFormat, formatNamed} from '../formats/index.js'
import type {FormatName} from '../model/description.js'
import {onlyCandidate, readText} from './input-file.js'

/** Files larger than that are no descriptions; nobody waits for them on a key press. */
const LARGEST = 1 << 20

/**
 * In the order of the input; none where it is no file, or has no format.
 * @throws what reading a file throws
 */
export async function stageNamesOf(input: string | undefined, from: FormatName | undefined): Promise<readonly string[]> {
  const file = input ?? onlyCandidate(process.cwd())
  const stats = statSync(resolve(file))
  if (!stats.isFile() || stats.size > LARGEST) return []
  const text = readText(file)
  const entry = from === undefined ? detectFormat(file, text) : formatNamed(from)
  const stages = (await entry?.loadEditing())?.stages(text) ?? []
  return stages.map(({name}, index) => name ?? `stage-${index}`)
}
