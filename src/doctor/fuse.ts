/** FUSE: not for building, but for running what was built, where Apptainer is no setuid program. */
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {findProgram} from '../probes/programs.js'
import {type Look, ok, warning} from './look.js'

const WHY = 'building needs none; to run a .sif Apptainer mounts it with FUSE, and otherwise unpacks it each time'

export const fuse: Look = {
  name: 'fuse',
  async look({engines, ask, env}) {
    const apptainer = (await engines()).find(each => each.name === 'apptainer' && each.path !== undefined)
    if (apptainer?.path === undefined) return [ok('not looked at: no Apptainer is here, and nothing else needs it')]
    const {lines} = await ask([apptainer.path, 'buildcfg'])
    const setting = (name: string) => lines.find(line => line.startsWith(`${name}=`))?.slice(name.length + 1)
    const own = join(setting('LIBEXECDIR') ?? '/usr/libexec', 'apptainer/bin')
    if (setting('APPTAINER_SUID_INSTALL') === '1' && existsSync(join(own, 'starter-suid')))
      return [ok('not needed: this Apptainer is installed setuid, and mounts by the kernel')]
    const path = `${own}:${env['PATH'] ?? ''}`
    const {exitCode} = await ask(['test', '-r', '/dev/fuse', '-a', '-w', '/dev/fuse'])
    if (exitCode !== 0)
      return [
        existsSync('/dev/fuse')
          ? warning('/dev/fuse is not ours to open', WHY, 'sudo chmod 666 /dev/fuse (udev does so where it runs)')
          : warning('/dev/fuse is not here', WHY, 'sudo modprobe fuse; a container needs --device /dev/fuse'),
      ]
    const squashfuse = findProgram('squashfuse_ll', path) ?? findProgram('squashfuse', path)
    if (squashfuse === undefined) return [warning('squashfuse is missing', WHY, 'sudo apt-get install squashfuse')]
    if (findProgram('fusermount3', path) === undefined)
      return [warning('fusermount3 is missing', WHY, 'sudo apt-get install fuse3')]
    return [ok(`/dev/fuse, fusermount3 and ${squashfuse} are here: a .sif is mounted, not unpacked, when it is run`)]
  },
}
