/** The images of Docker's daemon, by docker's own command, run as whoever started us: the daemon does the work. */
import {createWriteStream} from 'node:fs'
import {chmod} from 'node:fs/promises'
import {PassThrough} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {isRecord} from '../images/manifest.js'
import type {EngineImages, FoundImage} from '../model/ports.js'
import {DockerApi, dockerSocket} from './docker-api.js'
import {type Explain, engineFailure} from './engine-words.js'
import {capture, runProcess} from './processes.js'

export interface StorageOptions {
  readonly program: string
  readonly environment: Readonly<Record<string, string>>
  /** What an error of the engine means. */
  readonly explain: Explain
}

/** What the daemon's account of an image comes to. */
function foundImage(document: unknown): FoundImage | undefined {
  if (!isRecord(document)) return undefined
  const {Id: id, Size: bytes, Config: config} = document
  if (typeof id !== 'string' || typeof bytes !== 'number')
    throw new Error('the daemon says nothing of the image that is understood')
  return {id, bytes, config: JSON.stringify(config ?? {})}
}

export function dockerStorage({program, environment, explain}: StorageOptions): EngineImages {
  const around = {cwd: '/', env: environment}

  const failed = (what: string, lines: readonly string[]) => engineFailure(what, lines, explain)

  async function run(argv: readonly string[], what: string, signal?: AbortSignal): Promise<readonly string[]> {
    const result = await capture([program, ...argv], {...around, ...(signal === undefined ? {} : {signal})})
    if (result.exitCode !== 0) throw failed(what, result.lines)
    return result.lines
  }

  /** The daemon itself, where it can be asked without its command, which takes ten times as long. */
  let daemon: Promise<DockerApi | undefined> | undefined
  const api = () => {
    daemon ??= dockerSocket(environment).then(socket => (socket === undefined ? undefined : new DockerApi(socket)))
    return daemon
  }

  return {
    async find(name, signal) {
      const asked = await api()
      if (asked !== undefined) {
        try {
          return foundImage(await asked.image(name, signal))
        } catch {
          signal.throwIfAborted()
          // Its command says better what is wrong.
        }
      }
      const format = '{{.Id}} {{.Size}} {{json .Config}}'
      const result = await capture([program, 'image', 'inspect', '--format', format, '--', name], {...around, signal})
      const found = result.lines.map(line => /^(sha256:[0-9a-f]{64}) (\d+) (\{.*\})$/.exec(line)).find(match => match !== null)
      if (result.exitCode === 0 && found) return {id: found[1] ?? '', bytes: Number(found[2]), config: found[3] ?? ''}
      if (/no such (image|object)/i.test(result.lines.join('\n'))) return undefined
      throw failed(`docker does not tell whether it has the image ${name}`, result.lines)
    },

    async tag(name, other, signal) {
      const [, repository, tag] = /^(.+):([^:/]+)$/.exec(other) ?? []
      const asked = repository === undefined ? undefined : await api()
      if (asked !== undefined && repository !== undefined && tag !== undefined) {
        try {
          return await asked.tag(name, repository, tag, signal)
        } catch {
          signal.throwIfAborted()
        }
      }
      await run(['image', 'tag', name, other], `the image cannot be named ${other}`, signal)
    },

    async remove(name) {
      await capture([program, 'image', 'rm', '--force', '--', name], around)
    },

    async save(name, _form, file, signal) {
      // An archive of today's docker is both: an OCI layout with docker's own manifest in it.
      await run(['image', 'save', '--output', file, name], 'the image cannot be saved as an archive', signal)
      // Docker makes it for its owner alone.
      await chmod(file, 0o644)
    },

    async load(archive, name, signal) {
      const lines = await run(['image', 'load', '--input', archive], 'the archive cannot be loaded', signal)
      const loaded = lines.map(line => /^Loaded image(?: ID)?: (\S+)$/.exec(line)?.[1]).find(each => each !== undefined)
      if (loaded === undefined) throw failed('docker does not say what it has loaded', lines)
      if (loaded !== name) await run(['image', 'tag', loaded, name], `the image cannot be named ${name}`, signal)
    },

    async pull(reference, name, signal) {
      const result = await capture([program, 'image', 'pull', '--quiet', reference], {...around, signal})
      if (result.exitCode !== 0) {
        if (/not found|manifest unknown|no such manifest/i.test(result.lines.join('\n'))) return false
        throw failed(`${reference} cannot be pulled`, result.lines)
      }
      await run(['image', 'tag', reference, name], `the image cannot be named ${name}`, signal)
      await capture([program, 'image', 'rm', reference], around)
      return true
    },

    async push(name, reference, signal) {
      await run(['image', 'tag', name, reference], `the image cannot be named ${reference}`, signal)
      try {
        await run(['image', 'push', '--quiet', reference], `${reference} cannot be pushed`, signal)
      } finally {
        await capture([program, 'image', 'rm', reference], around)
      }
    },

    // BuildKit's are the daemon's own, which ends them when its client is gone.
    containers: async () => [],
    clear: async () => 0,

    async takeOut(name, paths, archive, signal) {
      // BuildKit writes the tree of an image as it is, without what a container would put into it.
      const complaints: string[] = []
      const flags = ['--progress=plain', '--provenance=false', '--output', 'type=tar,dest=-']
      const result = await runProcess({
        argv: [program, 'buildx', 'build', ...flags, '-'],
        ...around,
        signal,
        input: `FROM ${name}\n`,
        onLine: line => complaints.push(line),
        onOutput: stream => pipeline(stream.pipe(new PassThrough()), createWriteStream(archive)),
      })
      if (result.exitCode !== 0) throw failed(`${paths.join(', ')} cannot be taken out of the image`, complaints)
    },
  }
}
