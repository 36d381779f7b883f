/** Who engine commands run as, and how numeric owners of images map to the host. */
import {spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {userInfo} from 'node:os'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, Mapping} from '../model/ports.js'

/** The user who started us. */
export function ownIdentity(): Identity {
  const uid = process.getuid?.() ?? 0
  const gid = process.getgid?.() ?? 0
  try {
    const info = userInfo()
    return {user: info.username, uid, gid, home: process.env['HOME'] ?? info.homedir}
  } catch {
    // A container may run us under a number that no passwd knows.
    return {user: String(uid), uid, gid, home: process.env['HOME'] ?? '/'}
  }
}

/**
 * A user by name, through the system's own database (LDAP included).
 * @throws SifstageError (2) when there is no such user, or we may not become one
 */
export function lookUpIdentity(name: string): Identity {
  const own = ownIdentity()
  if (name === own.user || name === String(own.uid)) return own
  if (own.uid !== 0) {
    throw new SifstageError(
      ExitCode.usage,
      `--run-as ${name}: only root can run the engine as another user, and you are ${own.user}`,
      'Leave --run-as and SIFSTAGE_RUN_AS out: the engine then runs as you.',
    )
  }
  // By Node itself: whoever builds waits for what is loaded here.
  const found = spawnSync('getent', ['passwd', '--', name], {encoding: 'utf8'})
  if (found.error !== undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--run-as ${name}: users cannot be looked up, since getent does not run (${found.error.message})`,
      'Is its folder in PATH? It is usually /usr/bin.',
    )
  const fields = (found.stdout ?? '').split('\n')[0]?.split(':') ?? []
  const [user, , uid, gid, , home] = fields
  if (user === undefined || uid === undefined || gid === undefined || user === '') {
    throw new SifstageError(
      ExitCode.usage,
      `--run-as ${name}: there is no such user`,
      'Name a user of this machine, or make one: scripts/build-user.sh NAME',
    )
  }
  return {user, uid: Number(uid), gid: Number(gid), home: home ?? '/'}
}

/** Whether a subordinate range is set aside for the user in `/etc/subuid` (subuid(5): by name or number). */
export function hasSubordinateIds(identity: Identity): boolean {
  return ['/etc/subuid', '/etc/subgid'].every(file => {
    try {
      return readFileSync(file, 'utf8')
        .split('\n')
        .some(line => line.startsWith(`${identity.user}:`) || line.startsWith(`${identity.uid}:`))
    } catch {
      return false
    }
  })
}

/** How the engine will map owners for this user (D75). */
export function mappingOf(identity: Identity, ignoreSubordinate: boolean): Mapping {
  if (identity.uid === 0) return 'none'
  return !ignoreSubordinate && hasSubordinateIds(identity) ? 'subuid' : 'root-mapped'
}

/**
 * The command that runs another as this user: nothing for ourselves, `setpriv` (util-linux) for root who runs as another.
 */
export function asUser(identity: Identity): readonly string[] {
  if (identity.uid === (process.getuid?.() ?? 0)) return []
  return ['setpriv', `--reuid=${identity.uid}`, `--regid=${identity.gid}`, '--init-groups', '--']
}

/** Of the groups nothing else tells: dropping those that the user has besides would take rights from him. */
const WITH_GROUPS =
  'read -r _ </proc/self/gid_map && exec "$@"; echo "the groups of the user namespace are not mapped" >&2; exit 125'

/**
 * The command that runs another where the image's owners are real: in a user namespace with the same mapping
 * that the engine uses, with uid 0 inside.
 */
export function insideNamespace(mapping: Mapping): readonly string[] {
  switch (mapping) {
    case 'none':
      return []
    case 'root-mapped':
      return ['unshare', '--map-root-user', '--']
    case 'subuid':
      // --setuid fails where the mapping is not there: unshare goes on without one when its helper is killed.
      return ['unshare', '--map-root-user', '--map-auto', '--setuid', '0', '--', 'sh', '-c', WITH_GROUPS, 'sh']
  }
}
