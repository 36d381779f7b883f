/** What a machine and a user have to have for rootless engines. */
import {readFileSync} from 'node:fs'
import type {Identity, Mapping} from '../model/ports.js'
import {hasSubordinateIds} from '../system/identity.js'
import type {Note} from './probe.js'
import {findProgram, readNumber} from './programs.js'

/** A number of the kernel's, capabilities(7). */
export const CAP_SYS_ADMIN = 21

function permitted(): bigint | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8')
    return BigInt(`0x${/^CapPrm:\s*([0-9a-f]+)/m.exec(status)?.[1] ?? '0'}`)
  } catch {
    return undefined
  }
}

/** Whether we lack a capability, as root in a container does. */
export function lacksCapability(number: number): boolean {
  const all = permitted()
  return all !== undefined && (all & (1n << BigInt(number))) === 0n
}

/** Whether root lacks any capability here. */
export function lacksAny(): boolean {
  const last = readNumber('/proc/sys/kernel/cap_last_cap') ?? 40
  const all = (1n << BigInt(last + 1)) - 1n
  const ours = permitted()
  return ours !== undefined && (ours & all) !== all
}

/** Users with subordinate ids, whom root could run the engine as. */
function possibleUsers(): string[] {
  try {
    return readFileSync('/etc/subuid', 'utf8')
      .split('\n')
      .map(line => line.split(':')[0] ?? '')
      .filter(name => name !== '' && name !== 'root')
      .slice(0, 3)
  } catch {
    return []
  }
}

/** What to do where root cannot run an engine. */
export function runAsFix(): string {
  const [user] = possibleUsers()
  return user === undefined
    ? 'make an unprivileged user with scripts/setup.sh, then: --run-as USER (or SIFSTAGE_RUN_AS=USER)'
    : `let it run as an unprivileged user: --run-as ${user} (or SIFSTAGE_RUN_AS=${user})`
}

/** How subordinate ids are given to a user. */
export function subordinateFix(user: string): string {
  return `usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`
}

/** Whether an ordinary user may make user namespaces. */
export function namespaceNotes(): Note[] {
  const notes: Note[] = []
  const spaces = readNumber('/proc/sys/user/max_user_namespaces')
  if (spaces === 0 || readNumber('/proc/sys/kernel/unprivileged_userns_clone') === 0)
    notes.push({
      ok: false,
      text: 'the kernel allows no user namespaces',
      fix: 'sysctl -w user.max_user_namespaces=15000 kernel.unprivileged_userns_clone=1',
    })
  if (readNumber('/proc/sys/kernel/apparmor_restrict_unprivileged_userns') === 1)
    notes.push({ok: true, text: 'AppArmor restricts user namespaces: the engine needs its profile (its package brings one)'})
  return notes
}

/** Whether subordinate ids of a user can be mapped; `without` says what is the case when there are none. */
export function subordinateNotes(
  identity: Identity,
  mapping: Mapping,
  path: string,
  without: {readonly ok: boolean; readonly text: string},
): Note[] {
  if (mapping === 'subuid')
    return [
      findProgram('newuidmap', path) === undefined
        ? {ok: false, text: 'newuidmap is missing: subordinate ids cannot be mapped', fix: 'apt-get install uidmap'}
        : {ok: true, text: `${identity.user} has subordinate ids: owners in images are real`},
    ]
  if (hasSubordinateIds(identity))
    return [{ok: true, text: 'subordinate ids are set aside on request: all owners in images become the one user'}]
  return [{...without, fix: subordinateFix(identity.user)}]
}

/** Programs that are needed besides the engine. */
export function toolNotes(path: string, tools: readonly (readonly [name: string, what: string, fix: string])[]): Note[] {
  return tools.map(([name, what, fix]) =>
    findProgram(name, path) === undefined ? {ok: false, text: `${name} is missing: ${what}`, fix} : {ok: true, text: name},
  )
}
