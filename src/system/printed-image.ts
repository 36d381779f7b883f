/** Images that an engine prints as an archive. */
import {PassThrough} from 'node:stream'
import type {Passage} from '../images/archive-stream.js'
import {refused} from '../images/limits.js'
import type {LayeredOptions} from '../images/picked.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import {errorCode} from './files.js'
import {runProcess} from './processes.js'

export interface EngineImageOptions extends Omit<LayeredOptions, 'name'> {
  readonly environment: NodeJS.ProcessEnv
  /** Whose images they are. Docker's daemon has them for all, and is asked as we are. */
  readonly identity: Identity
}

/** The error when an engine's program is not there. */
export function missing(program: string, what: string): SifstageError {
  return new SifstageError(
    ExitCode.noEngine,
    `${what} needs ${program}, which is not installed`,
    `Install it, or export the image where it is (${program} save) and name the archive.`,
  )
}

/** What an engine's complaint means: an engine that cannot be used (4), or an image that is not there (2). */
export function explained(complaints: readonly string[], shown: string): SifstageError {
  const said = complaints
    .filter(line => line.trim() !== '' && !/level=(warning|info)/.test(line))
    .join('; ')
    .slice(0, 400)
  if (/cannot connect to the docker daemon|docker daemon running|permission denied.*docker|connection refused/i.test(said))
    return new SifstageError(
      ExitCode.noEngine,
      `${shown}: the Docker daemon cannot be reached: ${said}`,
      'Start it, or set DOCKER_HOST.',
    )
  return refused(said === '' ? 'the engine failed without a word' : said)
}

/** Passes through what a command prints, however often it is asked for. */
export function printedBy(argv: readonly string[], shown: string, env: Readonly<Record<string, string>>): Passage {
  return async (use, signal) => {
    const complaints: string[] = []
    let trouble: unknown
    let ended = false
    try {
      const result = await runProcess({
        argv,
        cwd: '/',
        env,
        signal,
        onLine: line => complaints.push(line),
        onOutput: async stream => {
          // Taken at once: Node throws away what nobody reads when the program ends.
          const output = stream.pipe(new PassThrough())
          output.once('end', () => (ended = true))
          try {
            await use(output)
          } catch (error) {
            trouble = error
          }
          output.destroy()
          stream.destroy()
        },
      })
      // Its output ended before it should have: its own words say more than what we missed. Where we had enough, or saw
      // something wrong, it was us who closed the pipe.
      const failed = result.exitCode !== 0 || (trouble !== undefined && complaints.some(line => /^Error: /.test(line)))
      if (ended && failed) throw explained(complaints, shown)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw missing(argv.find(each => /^(docker|podman|buildah)$/.test(each)) ?? '', shown)
      throw error
    }
    if (trouble !== undefined) throw trouble
  }
}
