/** What the stages of one input were last made of: `history/HEX.json`, and its files a line each in `HEX.files`. */
import {createHash} from 'node:crypto'
import {readFile} from 'node:fs/promises'
import {join} from 'node:path'
import type {History, HostEntry, MadeOf, StageCost} from '../model/history.js'
import type {Identity} from '../model/ports.js'
import {giveTo, hashText, makeOwned, writeWhole} from '../system/files.js'

const VERSION = 2

/** All but the files, which may be a hundred thousand; the two belong together by the digest. */
type Noted = Omit<MadeOf, 'host'> & {readonly version: typeof VERSION; readonly files: string; readonly cost: StageCost}

/** @param input absolute, or what stands for standard input */
export function stageHistory(folder: string, input: string, owner: Identity): History {
  const place = (stage: string, ending: string) =>
    join(
      folder,
      'history',
      `${createHash('sha256')
        .update(JSON.stringify([input, stage]))
        .digest('hex')}.${ending}`,
    )

  async function noted(stage: string): Promise<Noted | undefined> {
    try {
      const parsed: Noted = JSON.parse(await readFile(place(stage, 'json'), 'utf8'))
      return parsed.version === VERSION && Array.isArray(parsed.parts) ? parsed : undefined
    } catch {
      return undefined
    }
  }

  return {
    async find(stage) {
      const found = await noted(stage)
      if (found === undefined) return undefined
      const {version: _, files, cost: __, ...rest} = found
      const host = new Map<string, HostEntry[]>()
      const text = await readFile(place(stage, 'files'), 'utf8').catch(() => '')
      // Of another moment they would tell what is not so.
      if (hashText(text) !== files) return {...rest, host}
      for (const line of text.split('\n')) {
        if (line === '') continue
        const [name, path, kind, mode, content]: [string, string, HostEntry['kind'], string, string] = JSON.parse(line)
        const list = host.get(name) ?? []
        list.push({path, kind, mode, content})
        host.set(name, list)
      }
      return {...rest, host}
    },

    async cost(stage) {
      return (await noted(stage))?.cost
    },

    async note(stage, {host, ...made}, cost) {
      try {
        if ((await noted(stage))?.key === made.key) return
        const lines: string[] = []
        for (const [name, entries] of host)
          for (const {path, kind, mode, content} of entries) lines.push(JSON.stringify([name, path, kind, mode, content]))
        const text = lines.join('\n')
        await makeOwned(join(folder, 'history'), owner)
        const record: Noted = {version: VERSION, files: hashText(text), cost, ...made}
        for (const [ending, content] of [
          ['files', text],
          ['json', `${JSON.stringify(record, undefined, 2)}\n`],
        ] as const) {
          await writeWhole(place(stage, ending), content)
          await giveTo(place(stage, ending), owner)
        }
      } catch {
        // See the port.
      }
    },
  }
}
