/** Runs one command in a container, to see if and how that works here. Nothing of it stays. */
import {chmod, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import type {Identity} from '../model/ports.js'
import {giveTo} from '../system/files.js'
import {launcherMaker} from '../system/launcher.js'
import {ask} from './programs.js'

/** Longer than it takes anywhere; a program that hangs is ended. */
const PATIENCE_MS = 20_000
const PROGRAMS = '/sifstage'

export interface Trial {
  /** Undefined: it works in no way. */
  readonly isolation: 'default' | 'chroot' | undefined
  /** What was said when the program's own way did not work. */
  readonly said: readonly string[]
}

/** podman and buildah share a storage: two that write into it in the same moment lose layers of each other. */
let lastTrial: Promise<unknown> = Promise.resolve()

/** podman and buildah build alike: an image of nothing but this machine's shell, whose one RUN does nothing. */
export function tryRun(program: string, env: Readonly<Record<string, string>>, identity: Identity): Promise<Trial> {
  const trial = lastTrial.then(() => tryAlone(program, env, identity))
  lastTrial = trial.catch(() => {})
  return trial
}

async function tryAlone(program: string, env: Readonly<Record<string, string>>, identity: Identity): Promise<Trial> {
  const folder = await mkdtemp(join(tmpdir(), 'sifstage-trial-'))
  try {
    await chmod(folder, 0o755)
    const launcher = await launcherMaker()(join(folder, 'programs'))
    const words = [...launcher.program('sh', PROGRAMS), '-c', ':']
    await writeFile(join(folder, 'Dockerfile'), `FROM scratch\nCOPY programs ${PROGRAMS}\nRUN ${JSON.stringify(words)}\n`)
    const note = join(folder, 'id')
    await writeFile(note, '')
    await giveTo(folder, identity)
    await giveTo(note, identity)
    const build = async (flags: readonly string[]) => {
      const argv = [program, 'build', '--quiet', '--layers=false', '--force-rm', ...flags, '--iidfile', note, folder]
      const answer = await ask(argv, env, identity, PATIENCE_MS)
      const id = (await readFile(note, 'utf8').catch(() => '')).trim()
      if (id !== '') await ask([program, 'rmi', '--force', id], env, identity, PATIENCE_MS)
      await writeFile(note, '')
      return answer
    }
    const own = await build([])
    if (own.exitCode === 0) return {isolation: 'default', said: []}
    const chroot = await build(['--isolation', 'chroot'])
    return {isolation: chroot.exitCode === 0 ? 'chroot' : undefined, said: own.lines}
  } finally {
    await rm(folder, {recursive: true, force: true})
  }
}
