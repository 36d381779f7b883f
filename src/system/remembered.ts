/** Answers that cost something, remembered in the store's folder `bases`, one small file each. */
import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import {makeOwned, writeWhole} from './files.js'
import {ownIdentity} from './identity.js'

export class Remembered {
  /** @param folder the store's */
  constructor(readonly folder: string) {}

  #file(name: string): string {
    return join(this.folder, 'bases', `${createHash('sha256').update(name).digest('hex')}.json`)
  }

  async get(name: string): Promise<Record<string, unknown> | undefined> {
    try {
      const parsed: unknown = JSON.parse(await readFile(this.#file(name), 'utf8'))
      if (typeof parsed !== 'object' || parsed === null) return undefined
      const known = Object.fromEntries(Object.entries(parsed))
      return known['name'] === name ? known : undefined
    } catch {
      return undefined
    }
  }

  /** A store that cannot be written only costs the memory: publishing will say so. */
  async set(name: string, value: Record<string, unknown>): Promise<void> {
    try {
      await makeOwned(join(this.folder, 'bases'), ownIdentity())
      await writeWhole(this.#file(name), `${JSON.stringify({name, ...value})}\n`)
    } catch {
      // See above.
    }
  }
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}
