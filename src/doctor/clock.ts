/** Whether the file server of the store has another clock than this machine. */
import {type Found, type Look, ok, warning} from './look.js'

/** Seconds; file times are as coarse as that on some file servers. */
const TOLERATED = 2

/** @param ahead seconds that the file server's clock is ahead of ours */
export function clockFound(folder: string, ahead: number): Found {
  if (Math.abs(ahead) <= TOLERATED) return ok(`${folder} has the time of this machine`)
  const by = `${Math.abs(ahead).toFixed(0)} s`
  return warning(
    `the clock of ${folder} is ${by} ${ahead > 0 ? 'ahead' : 'behind'}`,
    'sifstage compares no two clocks, but make does: in a kept build tree it builds too much or too little',
    'set both by NTP: timedatectl set-ntp true',
  )
}

export const clock: Look = {
  name: 'clock',
  async look({store, folder}) {
    // The beginning of what this project was first built with: no machine is older.
    if (Date.now() < Date.UTC(2024, 0, 1))
      return [
        warning(
          `this machine's clock says ${new Date().toISOString().slice(0, 10)}`,
          'registries are not trusted by a clock before their certificates',
          'timedatectl set-ntp true',
        ),
      ]
    const {clock: ahead} = await folder(store)
    return ahead === undefined ? [] : [clockFound(store, ahead)]
  },
}
