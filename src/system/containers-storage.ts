/** The images of podman and buildah, which share their storage: that of the user whom they run as. */
import {createWriteStream, readdirSync, readFileSync, statSync} from 'node:fs'
import {PassThrough} from 'node:stream'
import {pipeline} from 'node:stream/promises'
import {isRecord} from '../images/manifest.js'
import type {EngineImages, FoundImage, Identity} from '../model/ports.js'
import {type Explain, engineFailure} from './engine-words.js'
import {asUser} from './identity.js'
import {capture, runProcess} from './processes.js'

export interface ContainersOptions {
  /** Of buildah, or of podman where that is the engine. */
  readonly program: string
  readonly kind: 'buildah' | 'podman'
  readonly identity: Identity
  readonly environment: Readonly<Record<string, string>>
  readonly noHttps: boolean
  readonly explain: Explain
}

/** What `inspect` says of an image: the id of its configuration, and the configuration. */
function inspected(lines: readonly string[]): FoundImage | undefined {
  try {
    const parsed: unknown = JSON.parse(lines.join('\n'))
    const first: unknown = Array.isArray(parsed) ? parsed[0] : parsed
    if (!isRecord(first)) return undefined
    const id = first['Id'] ?? first['FromImageID']
    const oci = first['OCIv1']
    const config = isRecord(oci) ? oci['config'] : first['Config']
    if (typeof id !== 'string' || !/^(sha256:)?[0-9a-f]{64}$/.test(id)) return undefined
    return {
      id: `sha256:${id.replace(/^sha256:/, '')}`,
      bytes: typeof first['Size'] === 'number' ? first['Size'] : layerBytes(first['Manifest']),
      config: JSON.stringify(config ?? {}),
    }
  } catch {
    return undefined
  }
}

function layerBytes(manifest: unknown): number {
  if (typeof manifest !== 'string') return 0
  const parsed: {readonly layers?: readonly {readonly size?: unknown}[]} = JSON.parse(manifest)
  return (parsed.layers ?? []).reduce((sum, {size}) => sum + (typeof size === 'number' ? size : 0), 0)
}

function idsIn(lines: readonly string[]): string[] {
  return lines.filter(line => /^[0-9a-f]{64}$/.test(line))
}

/** Whether a build of podman's or buildah's runs for a user, whose containers nobody else can tell from ours. */
function isAnyBuilding(uid: number): boolean {
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
      const isEngine = words.slice(0, 2).some(word => /(^|\/)(podman|buildah)$/.test(word))
      if (isEngine && words.some(word => /^(build|bud)$/.test(word)) && statSync(`/proc/${name}`).uid === uid) return true
    } catch {
      // It has ended, or is none of our business.
    }
  }
  return false
}

export function containersStorage(options: ContainersOptions): EngineImages {
  const {program, kind, identity, environment, explain} = options
  const around = {cwd: '/', env: environment}
  const user = asUser(identity)
  const listing =
    kind === 'podman'
      ? ['ps', '--all', '--external', '--quiet', '--no-trunc']
      : ['containers', '--all', '--quiet', '--notruncate']
  const tls = options.noHttps ? ['--tls-verify=false'] : []

  const failed = (what: string, lines: readonly string[]) => engineFailure(what, lines, explain)

  async function run(argv: readonly string[], what: string, signal?: AbortSignal): Promise<readonly string[]> {
    const result = await capture([...user, program, ...argv], {...around, ...(signal === undefined ? {} : {signal})})
    if (result.exitCode !== 0) throw failed(what, result.lines)
    return result.lines
  }

  return {
    async find(name, signal) {
      const argv = kind === 'podman' ? ['image', 'inspect', name] : ['inspect', '--type', 'image', name]
      const result = await capture([...user, program, ...argv], {...around, signal})
      if (result.exitCode === 0) {
        const found = inspected(result.lines.filter(line => !/^time="/.test(line)))
        if (found !== undefined) return found
      }
      if (/image not known|no such image|image .* not found/i.test(result.lines.join('\n'))) return undefined
      throw failed(`${kind} does not tell whether it has the image ${name}`, result.lines)
    },

    async tag(name, other, signal) {
      await run(['tag', name, other], `the image cannot be named ${other}`, signal)
    },

    async remove(name) {
      await capture([...user, program, 'rmi', '--force', name], around)
    },

    async save(name, form, file, signal) {
      const what = 'the image cannot be saved as an archive'
      if (kind === 'podman') {
        await run(['image', 'save', '--format', `${form}-archive`, '--output', file, name], what, signal)
        return
      }
      await run(['push', '--quiet', name, `${form}-archive:${file}:${name}`], what, signal)
    },

    async load(archive, name, signal) {
      const what = 'the archive cannot be loaded'
      const lines = await run(['pull', '--quiet', `docker-archive:${archive}`], what, signal)
      const id = lines.map(line => /^(?:sha256:)?([0-9a-f]{64})$/.exec(line.trim())?.[1]).find(each => each !== undefined)
      if (id === undefined) throw failed(`${kind} does not say what it has loaded`, lines)
      await run(['tag', id, name], `the image cannot be named ${name}`, signal)
    },

    async pull(reference, name, signal) {
      const result = await capture([...user, program, 'pull', '--quiet', ...tls, reference], {...around, signal})
      if (result.exitCode !== 0) {
        if (/manifest unknown|not found|no such manifest/i.test(result.lines.join('\n'))) return false
        throw failed(`${reference} cannot be pulled`, result.lines)
      }
      await run(['tag', reference, name], `the image cannot be named ${name}`, signal)
      // It has the other name by now, and keeps that.
      await capture([...user, program, 'rmi', reference], around)
      return true
    },

    async push(name, reference, signal) {
      await run(['push', '--quiet', ...tls, name, `docker://${reference}`], `${reference} cannot be pushed`, signal)
    },

    async containers(signal) {
      const {lines} = await capture([...user, program, ...listing], {...around, signal})
      return idsIn(lines)
    },

    async clear(before) {
      const {lines} = await capture([...user, program, ...listing], around)
      const left = idsIn(lines).filter(id => !before.includes(id))
      if (left.length === 0) return 0
      if (isAnyBuilding(identity.uid)) return left.length
      const {exitCode} = await capture([...user, program, 'rm', ...(kind === 'podman' ? ['--force'] : []), ...left], around)
      return exitCode === 0 ? 0 : left.length
    },

    async takeOut(name, paths, archive, signal) {
      const complaints: string[] = []
      // An ordinary user's mounts are there in his namespace alone.
      const script =
        kind === 'podman'
          ? 'm=$(podman image mount "$1") && shift && tar -C "$m" --create --numeric-owner --xattrs --xattrs-include=* --file=- -- "$@"; s=$?; podman image unmount "$0" >/dev/null; exit $s'
          : 'c=$(buildah from --pull-never "$1") && shift && m=$(buildah mount "$c") && tar -C "$m" --create --numeric-owner --xattrs --xattrs-include=* --file=- -- "$@"; s=$?; buildah rm "$c" >/dev/null; exit $s'
      const inside = identity.uid === 0 ? [] : [program, 'unshare']
      const result = await runProcess({
        argv: [...user, ...inside, 'sh', '-c', script, name, name, ...paths.map(path => path.replace(/^\//, '') || '.')],
        ...around,
        signal,
        onLine: line => complaints.push(line),
        onOutput: stream => pipeline(stream.pipe(new PassThrough()), createWriteStream(archive)),
      })
      if (result.exitCode !== 0) throw failed(`${paths.join(', ')} cannot be taken out of the image`, complaints)
    },
  }
}
