/**
 * Logs of stages: `logs/INPUT-STAGE-HEX-TIME.log`, one for each run, readable for their owner alone. The last few of
 * each stage are kept. Whatever goes wrong with them goes wrong with nothing else.
 */
import {createHash, randomBytes} from 'node:crypto'
import {lstat, open, readdir, rm} from 'node:fs/promises'
import {basename, join} from 'node:path'
import type {StageLog, StageLogs} from '../model/log.js'
import type {Identity} from '../model/ports.js'
import {fileTrouble, makeOwned} from '../system/files.js'

/** Runs of a stage whose logs are kept. */
const RUNS = 5
/** Logs of all stages of all inputs. */
const MOST = 500
/** Milliseconds. */
const OLDEST = 30 * 86_400_000

const NAME = /^(.+)-\d{8}T\d{6}\.\d{3}-[0-9a-f]{4}\.log$/

export interface StageLogsOptions {
  readonly owner: Identity
  /** Absolute, or what stands for standard input. */
  readonly input: string
  readonly now: () => number
  /** Told once, when no log can be kept. */
  readonly onTrouble: (text: string) => void
}

/** What logs of the same stage of the same input are called, without their time. */
function nameOf(input: string, stage: string): string {
  const safe = `${basename(input)}-${stage}`.replace(/[^\w.-]/g, '_').slice(0, 100)
  // Many projects have a Dockerfile with a stage of that name.
  const hash = createHash('sha256')
    .update(JSON.stringify([input, stage]))
    .digest('hex')
  return `${safe}-${hash.slice(0, 8)}`
}

/** `20261121T200710.123`, which sorts as it should. */
function stamp(time: number): string {
  return new Date(time).toISOString().replace(/[-:Z]/g, '')
}

/** @param folder of the store */
export function stageLogs(folder: string, options: StageLogsOptions): StageLogs {
  const {owner, input, now} = options
  const logs = join(folder, 'logs')
  let told = false
  const trouble = (error: unknown) => {
    if (!told) options.onTrouble(`the logs of stages cannot be kept in ${logs}: ${fileTrouble(error)}`)
    told = true
  }

  async function openFile(stage: string) {
    await makeOwned(logs, owner)
    const path = join(logs, `${nameOf(input, stage)}-${stamp(now())}-${randomBytes(2).toString('hex')}.log`)
    // Never through a link that somebody else has put there.
    const handle = await open(path, 'wx', 0o600)
    try {
      if (process.getuid?.() === 0 && owner.uid !== 0) await handle.chown(owner.uid, owner.gid)
    } catch (error) {
      await handle.close()
      throw error
    }
    return {path, handle}
  }

  return {
    async open(stage): Promise<StageLog> {
      try {
        const {path, handle} = await openFile(stage)
        const stream = handle.createWriteStream()
        const closed = new Promise<void>(resolve => stream.once('close', resolve))
        stream.on('error', trouble)
        return {
          path,
          write: line => void stream.write(`${line}\n`),
          async close() {
            stream.end()
            await closed
          },
        }
      } catch (error) {
        trouble(error)
        return {path: undefined, write() {}, async close() {}}
      }
    },

    async thin() {
      const names = (await readdir(logs).catch(() => [])).filter(name => name.endsWith('.log'))
      const timeOf = (name: string) => name.slice(-28)
      const seen = new Map<string, number>()
      let kept = 0
      for (const name of names.sort((a, b) => (timeOf(a) < timeOf(b) ? 1 : -1))) {
        const stage = NAME.exec(name)?.[1] ?? name
        const runs = (seen.get(stage) ?? 0) + 1
        seen.set(stage, runs)
        const stats = await lstat(join(logs, name)).catch(() => undefined)
        if (stats === undefined) continue
        if (runs <= RUNS && kept < MOST && now() - stats.mtimeMs < OLDEST) kept += 1
        // Another's, or a build that removes the same: it will go another time.
        else await rm(join(logs, name), {force: true}).catch(() => {})
      }
    },
  }
}
