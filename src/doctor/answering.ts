/**
 * Which folders answer. A file server that is gone holds whoever touches it, and a thread of ours that is held could not
 * even be ended; so another process touches them first, and that one can be left behind.
 */
import {randomBytes} from 'node:crypto'
import {runProcess} from '../system/processes.js'

/**
 * Each in a shell of its own, side by side; what comes to an end says its number. A name that nobody has asked for before:
 * of the folder itself the kernel may still know what a server said that is gone by now.
 */
const TOUCH = 'name=$1; shift; n=0; for f; do { ls -d -- "$f/$name" >/dev/null 2>&1; echo "$n"; } & n=$((n + 1)); done; wait'

/** @returns the folders that do not answer in time */
export async function silentFolders(folders: readonly string[], patience: number): Promise<readonly string[]> {
  const names = [...new Set(folders)]
  const said = new Set<string>()
  const controller = new AbortController()
  const all = runProcess({
    argv: ['/bin/sh', '-c', TOUCH, 'sh', `.sifstage-${randomBytes(6).toString('hex')}`, ...names],
    cwd: '/',
    env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
    onLine: line => said.add(line),
    signal: controller.signal,
  }).catch(() => undefined)
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>(resolve => {
    timer = setTimeout(resolve, patience)
  })
  await Promise.race([all, late])
  clearTimeout(timer)
  controller.abort()
  return names.filter((_, at) => !said.has(String(at)))
}

/** Whether a path lies in one of the folders, or is one. */
export function isBelow(path: string, folders: readonly string[]): boolean {
  return folders.some(folder => path === folder || path.startsWith(folder === '/' ? '/' : `${folder}/`))
}
