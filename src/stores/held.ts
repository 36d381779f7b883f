/**
 * Stages whose images an engine keeps in its own storage: the record of each, and what was read of its image. An entry
 * says nothing of whether the engine still has the image.
 */
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {ImageEntry} from '../model/image.js'
import type {HeldRecord} from '../model/record.js'
import type {HeldStage, KnownPart} from '../model/store.js'
import {writeWhole} from '../system/files.js'
import {imageFacts} from './image-facts.js'

/** Number of the layout of a known part: others are not read. */
const VERSION = 1

const KNOWN = 'known.json'

/** What of an image was read, in its entry. It is true of the image's id, so it is never wrong, only not enough. */
function knownPart(entry: string): KnownPart {
  const file = join(entry, KNOWN)
  return {
    async load() {
      try {
        const parsed: {version?: unknown; asked?: string[]; entries?: ImageEntry[]} = JSON.parse(await readFile(file, 'utf8'))
        if (parsed.version !== VERSION || parsed.asked === undefined || parsed.entries === undefined) return undefined
        return {asked: parsed.asked, entries: parsed.entries}
      } catch {
        return undefined
      }
    },
    async save(part) {
      try {
        await writeWhole(file, `${JSON.stringify({version: VERSION, ...part})}\n`)
      } catch {
        // A store that cannot be written only costs the time to look again.
      }
    },
  }
}

/** @param entry the entry's folder */
export function heldStage(entry: string, record: HeldRecord): HeldStage {
  return {kind: 'held', record, facts: imageFacts(entry), known: knownPart(entry)}
}
