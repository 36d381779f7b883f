/** Whether the engine's user may make user namespaces; really tried, and explained by what the kernel's settings say. */
import {namespaceNotes} from '../probes/machine.js'
import {readNumber} from '../probes/programs.js'
import {error, type Look, ok} from './look.js'

const APPARMOR = '/proc/sys/kernel/apparmor_restrict_unprivileged_userns'

export const userNamespaces: Look = {
  name: 'user-namespaces',
  async look({ask, identity}) {
    if (identity.uid === 0) return [ok('engines run as root, who needs none')]
    const {exitCode, lines} = await ask(['unshare', '--map-root-user', '--mount', 'true'])
    if (exitCode === 0) return [ok(`${identity.user} may make user namespaces, and mount in them`)]
    const said = lines.findLast(each => each.trim() !== '') ?? 'unshare says nothing'
    const refused = namespaceNotes().find(note => !note.ok)
    const why = 'Apptainer, podman and buildah build in one when they are not root, and sifstage reads image trees in one'
    if (refused !== undefined) return [error(`${refused.text}: ${said}`, why, `sudo ${refused.fix}`)]
    if (readNumber(APPARMOR) === 1)
      return [
        error(
          `AppArmor keeps programs without a profile from user namespaces: ${said}`,
          why,
          'sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 (for good: a file in /etc/sysctl.d)',
        ),
      ]
    return [
      error(
        `${identity.user} cannot make user namespaces: ${said}`,
        why,
        'in a container: start it with the right to (docker run --security-opt seccomp=unconfined --security-opt systempaths=unconfined), or without one',
      ),
    ]
  },
}
