/** Versions of the programs that builds are made with, for bug reports: each is asked once, and nothing is tried. */
import {readFileSync} from 'node:fs'
import {release} from 'node:os'
import {ENGINE_NAMES} from '../model/engines.js'
import {engineEnvironment} from '../system/environment.js'
import {ownIdentity} from '../system/identity.js'
import {ask, findProgram, versionIn} from './programs.js'

/** Programs beside the engines; squashfs-tools know no `--version`. */
const TOOLS = [
  ['mksquashfs', '-version'],
  ['unsquashfs', '-version'],
  ['unshare', '--version'],
  ['tar', '--version'],
] as const

export interface ProgramVersion {
  readonly name: string
  /** Undefined: it is not here. */
  readonly path: string | undefined
  /** Undefined: it did not say in time. */
  readonly version: string | undefined
}

/** `Debian GNU/Linux 12 (bookworm)`, os-release(5). */
function distribution(): string {
  try {
    return /^PRETTY_NAME="?([^"\n]+)/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1] ?? 'Linux'
  } catch {
    return 'Linux'
  }
}

/** `Debian GNU/Linux 12 (bookworm), Linux 6.1.0 x64`. */
export function systemName(): string {
  return `${distribution()}, Linux ${release()} ${process.arch}`
}

function nothingAfter(milliseconds: number): Promise<{readonly lines: readonly string[]}> {
  return new Promise(resolve => setTimeout(() => resolve({lines: []}), milliseconds).unref())
}

/** @param patience milliseconds for all of them, who are asked side by side */
export function programVersions(environment: NodeJS.ProcessEnv, patience: number): Promise<ProgramVersion[]> {
  const caller = ownIdentity()
  const env = engineEnvironment(environment, caller)
  const programs = [...ENGINE_NAMES.map(name => [name, '--version'] as const), ...TOOLS]
  return Promise.all(
    programs.map(async ([name, flag]) => {
      const path = findProgram(name, env['PATH'] ?? '')
      if (path === undefined) return {name, path, version: undefined}
      // One that cannot be ended at once is not waited for either.
      const {lines} = await Promise.race([ask([path, flag], env, caller, patience), nothingAfter(patience)])
      return {name, path, version: lines.map(versionIn).find(each => each !== undefined)}
    }),
  )
}
