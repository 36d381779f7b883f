/** Subordinate ids of the engine's user, and whether they can really be mapped. */
import {readFileSync, statSync} from 'node:fs'
import type {Identity} from '../model/ports.js'
import {subordinateFix} from '../probes/machine.js'
import {findProgram} from '../probes/programs.js'
import {insideNamespace} from '../system/identity.js'
import {type Around, error, type Found, type Look, ok, warning} from './look.js'

/** A user and a group id each of 0 to 65535: what images of distributions use. */
const ENOUGH = 65_536

/** How many ids a file like /etc/subuid sets aside for a user (subuid(5)). */
export function setAside(text: string, {user, uid}: Identity): number {
  return text
    .split('\n')
    .map(line => line.trim().split(':'))
    .filter(([name]) => name === user || name === String(uid))
    .reduce((sum, [, , count]) => sum + (Number(count) || 0), 0)
}

function fileText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/** What stands in the way of mapping, as far as it can be seen. */
function mendMapping(said: string, path: string): string {
  const lacking = ['newuidmap', 'newgidmap'].filter(name => findProgram(name, path) === undefined)
  if (lacking.length > 0) return 'apt-get install uidmap (Debian), dnf install shadow-utils (Fedora, EL)'
  if (/unrecognized option|invalid option/.test(said)) return 'util-linux 2.38 or newer, whose unshare knows --map-auto'
  const plain = ['newuidmap', 'newgidmap'].flatMap(name => {
    const file = findProgram(name, path)
    return file !== undefined && (statSync(file).mode & 0o4000) === 0 ? [file] : []
  })
  if (plain.length > 0)
    return `chmod u+s ${plain.join(' ')} (or give them the capabilities cap_setuid and cap_setgid: reinstall their package)`
  return 'look at /etc/subuid and /etc/subgid: one line NAME:FIRST:65536 in both, no range in two lines'
}

async function tryMapping({ask, env, identity}: Around): Promise<Found> {
  const {exitCode, lines} = await ask([...insideNamespace('subuid'), 'cat', '/proc/self/uid_map'])
  if (exitCode === 0) return ok(`${identity.user} has subordinate ids, and they can be mapped: owners in images are real`)
  const said = lines.findLast(each => each.trim() !== '') ?? 'it says nothing'
  return error(
    `the subordinate ids of ${identity.user} cannot be mapped: ${said}`,
    'trees of images are read, packed and removed in a user namespace with them',
    mendMapping(said, env['PATH'] ?? ''),
  )
}

export const subordinateIds: Look = {
  name: 'subordinate-ids',
  async look(around) {
    const {identity} = around
    if (identity.uid === 0) return [ok('engines run as root, who needs none')]
    const counts = ['/etc/subuid', '/etc/subgid'].map(file => ({file, count: setAside(fileText(file), identity)}))
    const none = counts.filter(each => each.count === 0)
    if (none.length > 0)
      return [
        warning(
          `${identity.user} has no range in ${none.map(each => each.file).join(' and ')}`,
          'all owners in images become the one user, %post runs under the fakeroot command, and rootless podman and buildah do not work',
          `sudo ${subordinateFix(identity.user)}`,
        ),
      ]
    const few = counts.filter(each => each.count < ENOUGH)
    return [
      await tryMapping(around),
      ...few.map(({file, count}) =>
        warning(
          `only ${count} ids are set aside for ${identity.user} in ${file}`,
          `images have owners up to ${ENOUGH - 1} (nobody is 65534), and one that is not mapped cannot be set`,
          `sudo ${subordinateFix(identity.user)}`,
        ),
      ),
    ]
  },
}
