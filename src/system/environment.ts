/**
 * The environment that engine commands inherit: one policy, here (design section 5). What would change the
 * image behind the description's back is dropped; what a machine needs to reach the network passes.
 */
import type {Identity} from '../model/ports.js'

/** Variables that put files or variables into a build: `APPTAINER_BIND`, `APPTAINERENV_X` (D63) and their like. */
const DROPPED =
  /^(APPTAINER|SINGULARITY)(ENV_.+|_(BIND|BINDPATH|MOUNT|ENV|ENV_FILE|OVERLAY|SCRATCH|WORKDIR|CONTAIN|CONTAINALL|HOME|NV|ROCM|FAKEROOT|WRITABLE|WRITABLE_TMPFS|NO_MOUNT|CLEANENV|COMPAT|APP|NETWORK|SECURITY|FORCE|SANDBOX|SECTION|NOTEST|DISABLE_CACHE_BIND))$/

/** Variables that name folders of the caller, which another user can neither read nor write. */
const OF_THE_CALLER =
  /^(HOME|USER|LOGNAME|MAIL|SHELL|TMPDIR|TMP|TEMP|PWD|OLDPWD|XDG_.*|SUDO_.*|DBUS_.*|SSH_.*|(APPTAINER|SINGULARITY)_(TMPDIR|CACHEDIR|CONFIGDIR|LOCALCACHEDIR|PULLFOLDER)|npm_.*|NODE_.*|REGISTRY_AUTH_FILE|DOCKER_CONFIG)$/

/** Names that the policy drops from an environment, sorted, for the note that says so. */
export function droppedVariables(environment: NodeJS.ProcessEnv): string[] {
  return Object.keys(environment)
    .filter(name => DROPPED.test(name))
    .sort()
}

/** The environment of an engine command for `identity`, before the command's own additions. */
export function engineEnvironment(environment: NodeJS.ProcessEnv, identity: Identity): Record<string, string> {
  const other = identity.uid !== (process.getuid?.() ?? 0)
  const result: Record<string, string> = {}
  for (const [name, value] of Object.entries(environment)) {
    if (value === undefined || DROPPED.test(name) || name.startsWith('SIFSTAGE_')) continue
    if (other && OF_THE_CALLER.test(name)) continue
    result[name] = value
  }
  if (other) {
    result['HOME'] = identity.home
    result['USER'] = identity.user
    result['LOGNAME'] = identity.user
  }
  // A closed PATH (cron, sudo) lacks the folders of mksquashfs and newuidmap.
  const path = (result['PATH'] ?? '').split(':').filter(folder => folder !== '' && !(other && folder.startsWith('/root')))
  for (const folder of ['/usr/local/bin', '/usr/bin', '/bin', '/usr/local/sbin', '/usr/sbin', '/sbin']) {
    if (!path.includes(folder)) path.push(folder)
  }
  result['PATH'] = path.join(':')
  return result
}
