/**
 * What is known of the folders of an image while its `%files` are placed: whether a destination is there decides
 * where a folder ends up (D94, the table D.3).
 */

import {posix} from 'node:path'
import {isRootUser} from '../../language/image-config.js'
import type {Stage} from '../../model/description.js'
import {parseDockerName} from '../../model/reference.js'

export type Presence = 'directory' | 'missing' | 'unknown'

/** Apptainer makes these in every image (D110). */
const ofApptainer = ['/', '/dev', '/proc', '/root', '/var', '/var/tmp', '/tmp', '/etc', '/sys', '/home']

/** What a distribution may have at its top; anything else is not there. */
const standard = /^\/(bin|boot|dev|etc|home|lib[^/]*|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)(\/|$)/

/** Folders that a distribution leaves empty. */
const left = /^\/(opt|srv|mnt|media|home)\/./

/** Images of plain distributions and language tools: no USER, SHELL, ONBUILD, and nothing of their own in odd places. */
const distributions = new Set([
  'almalinux',
  'alpine',
  'amazonlinux',
  'archlinux',
  'busybox',
  'centos',
  'debian',
  'fedora',
  'gcc',
  'golang',
  'julia',
  'leap',
  'node',
  'openjdk',
  'opensuse',
  'oraclelinux',
  'perl',
  'python',
  'r-base',
  'rockylinux',
  'ruby',
  'rust',
  'scientificlinux',
  'tumbleweed',
  'ubuntu',
])

/** True for a base of which nothing but the usual is expected. */
export function isPlainBase({base}: Stage): boolean {
  if (base.kind === 'scratch') return true
  if (base.kind !== 'image') return false
  if (base.config !== undefined) {
    const {user, shell, onbuild, workdir, env} = base.config
    return (
      /^\/?$/.test(workdir) &&
      !env.has('HOME') &&
      isRootUser(user) &&
      (shell === undefined || shell.join(' ') === '/bin/sh -c') &&
      onbuild.length === 0
    )
  }
  return distributions.has(posix.basename(parseDockerName(base.reference.name).repository))
}

/** What nobody calls a folder: an entry of a folder of programs, a name that ends as files do. */
export function isFileName(path: string): boolean {
  return (
    /^\/(usr\/(local\/)?)?s?bin\/[^/]+$/.test(path) ||
    /\.(so(\.\d+)*|a|o|jar|war|whl|py|sh|txt|json|ya?ml|toml|ini|conf|cfg|tar|gz|tgz|xz|zip|pem|crt|html?|js|css|md|exe|pl|rb|lua|xml|c|h|cpp|f90|csv|dat|log|sif|R)$/.test(
      path,
    )
  )
}

export class KnownPaths {
  readonly #directories = new Set(ofApptainer)
  readonly #files = new Set<string>()

  constructor(
    readonly scratch: boolean,
    readonly plain: boolean,
  ) {
    if (!scratch) for (const folder of ['/bin', '/usr']) this.#directories.add(folder)
  }

  presence(path: string): Presence {
    if (this.#directories.has(path)) return 'directory'
    if (isFileName(path)) return 'missing'
    if (this.#files.has(path)) return 'unknown'
    if (this.scratch) return this.isOpaque(path) ? 'unknown' : 'missing'
    if (!this.plain || this.isOpaque(path)) return 'unknown'
    return !standard.test(path) || left.test(path) ? 'missing' : 'unknown'
  }

  readonly #opaque = new Set<string>()

  /** True where earlier steps left things that nobody can list. */
  isOpaque(path: string): boolean {
    return [...this.#opaque].some(folder => path === folder || path.startsWith(`${folder}/`))
  }

  /** Whether a file of another mode or owner than a new one of this mode may be there already. */
  mayHaveFile(path: string, mode: number): boolean {
    if (this.#files.has(path) || this.isOpaque(path)) return true
    if (this.scratch) return false
    const isNew = this.plain && (!standard.test(path) || left.test(path))
    if (isNew) return false
    // What distributions bring is 0644, or 0755 among programs.
    if (/^\/etc\/(g?shadow-?|sudoers|crontab|securetty)/.test(path)) return true
    return mode !== 0o644 && mode !== 0o755
  }

  /** A folder is there from now on; of what is in it nothing is known unless it was made empty. */
  addDirectory(path: string, content: 'nothing' | 'something'): void {
    for (let at = path; at !== '/' && at !== '.'; at = posix.dirname(at)) this.#directories.add(at)
    if (content === 'something') this.#opaque.add(path === '/' ? '' : path)
  }

  addFile(path: string): void {
    this.#files.add(path)
    this.addDirectory(posix.dirname(path), 'nothing')
  }

  /** Something is there now, and nobody knows what it is. */
  addUnknown(path: string): void {
    this.addFile(path)
    this.#opaque.add(path)
  }
}
