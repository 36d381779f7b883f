/**
 * Facts about the programs of a stored stage, in its entry: a folder of many programs is read once, not at every build.
 * They follow from the content alone, so that no verdict is kept by them; a file that is damaged counts as not there.
 */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {ProgramFacts} from '../model/image.js'
import type {Program} from '../model/program.js'
import {writeWhole} from '../system/files.js'

/** Number of the layout of a fact: others are not read. */
const VERSION = 1

export function programFacts(entry: string): ProgramFacts {
  const file = join(entry, 'programs.json')
  let loaded: Promise<ReadonlyMap<string, Program>> | undefined

  async function read(): Promise<ReadonlyMap<string, Program>> {
    try {
      const parsed: {version?: unknown; facts?: readonly (readonly [string, Program])[]} = JSON.parse(
        await readFile(file, 'utf8'),
      )
      return new Map(parsed.version === VERSION ? parsed.facts : [])
    } catch {
      return new Map()
    }
  }

  return {
    load() {
      loaded ??= read()
      return loaded
    },
    async save(facts) {
      loaded = Promise.resolve(facts)
      try {
        await writeWhole(file, `${JSON.stringify({version: VERSION, facts: [...facts]})}\n`)
      } catch {
        // A store that cannot be written only costs the time to read them again.
      }
    },
  }
}
