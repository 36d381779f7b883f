/**
 * What was read of a stored stage's files, in its entry: a folder of many programs is read once, not at every build,
 * and verdicts can be given when the image is not kept any more. Facts follow from the content alone, so that no
 * verdict is kept by them; a file that is damaged counts as not there.
 */
import {Buffer} from 'node:buffer'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {ImageFacts} from '../model/image.js'
import type {Program} from '../model/program.js'
import {hashText, writeWhole} from '../system/files.js'

/** Number of the layout of a fact: others are not read. */
const VERSION = 1

/** One file of facts by the digest of what they were read from. */
function factsFile<T>(file: string) {
  let loaded: Promise<ReadonlyMap<string, T>> | undefined

  async function read(): Promise<ReadonlyMap<string, T>> {
    try {
      const parsed: {version?: unknown; facts?: readonly (readonly [string, T])[]} = JSON.parse(await readFile(file, 'utf8'))
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
    async save(facts: ReadonlyMap<string, T>) {
      loaded = Promise.resolve(facts)
      try {
        await writeWhole(file, `${JSON.stringify({version: VERSION, facts: [...facts]})}\n`)
      } catch {
        // A store that cannot be written only costs the time to read them again.
      }
    },
  }
}

export const PROGRAMS = 'programs.json'
export const TEXTS = 'texts.json'

/** @param entry the entry's folder */
export function imageFacts(entry: string): ImageFacts {
  const programs = factsFile<Program>(join(entry, PROGRAMS))
  const texts = factsFile<string>(join(entry, TEXTS))
  return {
    load: programs.load,
    save: programs.save,
    async loadTexts() {
      const contents = [...(await texts.load())].map(([digest, text]) => [digest, Buffer.from(text, 'base64')] as const)
      return new Map(contents.filter(([digest, content]) => hashText(content) === digest))
    },
    saveTexts: contents =>
      texts.save(new Map([...contents].map(([digest, bytes]) => [digest, Buffer.from(bytes).toString('base64')]))),
  }
}

/** Facts of an entry that is not ours to write in. */
export function unwritten(facts: ImageFacts): ImageFacts {
  return {...facts, save: async () => {}, saveTexts: async () => {}}
}
