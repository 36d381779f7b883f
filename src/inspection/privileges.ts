/** Files that give rights: setuid, setgid, capabilities, and what anybody may write. */
import type {Row} from '../model/report.js'
import {few, type Listed, listed, type Topic} from './topic.js'

export interface Privileges {
  readonly setuid: Listed<string>
  readonly setgid: Listed<string>
  /** Left out where the image's form does not tell. */
  readonly capabilities?: Listed<{readonly path: string; readonly names: readonly string[]; readonly effective: boolean}>
  /** Files, and folders without the sticky bit. */
  readonly worldWritable: Listed<string>
}

/** By their bits (capabilities(7)). */
const CAPABILITIES = (
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service ' +
  'net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin ' +
  'sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override ' +
  'mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'
).split(' ')

/** Reads `security.capability` (linux/capability.h, `vfs_cap_data`): the permitted ones, and whether a program has them at once. */
export function parseCapabilities(hex: string): {names: string[]; effective: boolean} {
  const bytes = Buffer.from(hex, 'hex')
  // Version 1, 2 and 3; anything else has been damaged on its way here, and its bits with it.
  if (![12, 20, 24].includes(bytes.length)) return {names: [], effective: false}
  const effective = (bytes.readUInt32LE(0) & 1) === 1
  const words = [bytes.readUInt32LE(4), bytes.length >= 20 ? bytes.readUInt32LE(12) : 0]
  const names = Array.from({length: 64}, (_, bit) => bit)
    .filter(bit => (((words[bit >> 5] ?? 0) >>> (bit & 31)) & 1) === 1)
    .map(bit => `cap_${CAPABILITIES[bit] ?? bit}`)
  return {names, effective}
}

export const privileges: Topic<Privileges> = {
  title: 'rights',
  look({entries, untold}) {
    const tellsCapabilities = !untold.includes('capabilities')
    const setuid: string[] = []
    const setgid: string[] = []
    const writable: string[] = []
    const capable: {path: string; names: string[]; effective: boolean}[] = []
    for (const entry of entries) {
      if (entry.kind === 'symlink') continue
      if (entry.kind === 'file' && (entry.mode & 0o4000) !== 0) setuid.push(entry.path)
      // On a folder it only hands the group on.
      if (entry.kind === 'file' && (entry.mode & 0o2000) !== 0) setgid.push(entry.path)
      if ((entry.mode & 0o2) !== 0 && (entry.kind === 'file' || (entry.kind === 'directory' && (entry.mode & 0o1000) === 0)))
        writable.push(entry.path)
      if (entry.capabilities !== undefined) capable.push({path: entry.path, ...parseCapabilities(entry.capabilities)})
    }
    const row = (label: string, paths: readonly string[]): Row => [
      label,
      {count: paths.length},
      paths.length === 0 ? '' : few(paths),
    ]
    return {
      data: {
        setuid: listed(setuid),
        setgid: listed(setgid),
        ...(tellsCapabilities ? {capabilities: listed(capable)} : {}),
        worldWritable: listed(writable),
      },
      rows: [
        row('setuid', setuid),
        row('setgid', setgid),
        tellsCapabilities
          ? row(
              'capabilities',
              capable.map(each => `${each.path} (${each.names.join(' ') || 'unknown'})`),
            )
          : ['capabilities', '?', 'this form of image does not tell'],
        row('writable for all', writable),
      ],
    }
  },
}
