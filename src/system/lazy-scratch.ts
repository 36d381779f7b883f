/** Scratch for the build loop: made when the first stage needs it, removed at the end, kept after a failure on request. */
import {readFile, rename, rm} from 'node:fs/promises'
import {dirname, isAbsolute, join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity, Mapping} from '../model/ports.js'
import {exists, writeWhole} from './files.js'
import {asUser, insideNamespace} from './identity.js'
import {capture} from './processes.js'
import {makeScratch, ownedFolder, removeTree, type Scratch, sweepScratch} from './scratch.js'

/** A tree that a failed build left on request. */
export interface KeptStage {
  readonly version: 1
  /** Absolute path of INPUT. */
  readonly input: string
  readonly stage: string
  /** The scratch folder that was kept, and the tree in it. */
  readonly scratch: string
  readonly root: string
  readonly cwd: string
  readonly mapping: Mapping
}

export interface LazyScratch {
  folder(name: string): Promise<string>
  give(folder: string): Promise<void>
  discard(folder: string): Promise<void>
  keep(stage: string, kept: {readonly root: string; readonly cwd: string}): Promise<void>
  /** Removes what dead builds left. */
  sweep(): Promise<void>
  /** Removes everything that is not kept. Always called at the end, however it came. */
  close(): Promise<void>
}

export interface LazyScratchOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly identity: Identity
  readonly mapping: Mapping
  /** Absolute path of INPUT, for what is kept. */
  readonly input: string
  /** Where notes of kept trees lie: in the store. */
  readonly notes: string
  readonly onSweep: (folder: string) => void
}

function noteFile(notes: string, input: string, stage: string): string {
  return join(notes, `${Buffer.from(`${input}\0${stage}`).toString('base64url').slice(-120)}.json`)
}

/** The tree of a stage that a failed build of this input kept. */
export async function findKept(notes: string, input: string, stage: string): Promise<KeptStage | undefined> {
  try {
    const kept: KeptStage = JSON.parse(await readFile(noteFile(notes, input, stage), 'utf8'))
    return kept.version === 1 && kept.input === input && kept.stage === stage && (await exists(kept.root)) ? kept : undefined
  } catch {
    return undefined
  }
}

/** The newest tree that a failed engine command left: its own `build-temp-*`, or the sandbox of a stage that runs step by step. */
async function failedRoot(folder: string, options: LazyScratchOptions): Promise<string | undefined> {
  const script =
    'for d in "$1"/build-temp-*/rootfs "$1"/engine/build-temp-*/rootfs "$1"/rootfs; do [ -d "$d" ] && stat -c "%Y %n" "$d"; done | sort -n | tail -n 1'
  const found = await capture(
    [...asUser(options.identity), ...insideNamespace(options.mapping), 'sh', '-c', script, 'sh', folder],
    {cwd: '/', env: {PATH: '/usr/bin:/bin'}},
  )
  return /^\d+ (.+)$/.exec(found.lines.at(-1) ?? '')?.[1]
}

export function lazyScratch(options: LazyScratchOptions): LazyScratch {
  let making: Promise<Scratch> | undefined
  let keptFolder: string | undefined
  const scratch = () => {
    making ??= makeScratch(options.environment, options.identity, options.mapping)
    return making
  }
  return {
    async folder(name) {
      return ownedFolder(isAbsolute(name) ? name : join((await scratch()).folder, name), options.identity)
    },
    async give(folder) {
      // A change of owner takes setuid and setgid away: what had them gets them again.
      const script =
        't=$(mktemp) && find "$2" -type f -perm /6000 -printf "%m\\0%p\\0" >"$t" && chown -hR -- "$1" "$2" && xargs -0 -r -n 2 chmod <"$t"; s=$?; rm -f "$t"; exit $s'
      if (asUser(options.identity).length === 0) return
      const given = await capture(['sh', '-c', script, 'sh', `${options.identity.uid}:${options.identity.gid}`, folder], {
        cwd: '/',
        env: {PATH: '/usr/bin:/bin'},
      })
      // Files that stayed root's would go into the image as somebody else's.
      if (given.exitCode !== 0)
        throw new SifstageError(
          ExitCode.failed,
          `${folder} cannot be given to ${options.identity.user}: ${given.lines.at(-1) ?? ''}`,
          'Name a folder on a disk of this machine: SIFSTAGE_TMPDIR=/path/to/local/disk',
        )
    },
    async discard(folder) {
      await removeTree(folder, options.identity, options.mapping)
    },
    async keep(stage, {root, cwd}) {
      const made = await scratch()
      const folder = join(made.folder, root)
      const tree = await failedRoot(folder, options)
      if (tree === undefined) return
      // Under a name that no later build sweeps.
      keptFolder = made.folder.replace('sifstage-scratch-', 'sifstage-kept-')
      const kept: KeptStage = {
        version: 1,
        input: options.input,
        stage,
        scratch: keptFolder,
        root: join(keptFolder, tree.slice(made.folder.length)),
        cwd,
        mapping: options.mapping,
      }
      const file = noteFile(options.notes, options.input, stage)
      const before = await findKept(options.notes, options.input, stage)
      if (before !== undefined) await removeTree(before.scratch, options.identity, before.mapping)
      await ownedFolder(dirname(file), options.identity)
      await writeWhole(file, `${JSON.stringify(kept, undefined, 2)}\n`)
    },
    async sweep() {
      for (const folder of await sweepScratch(options.environment, options.identity)) options.onSweep(folder)
    },
    async close() {
      if (making === undefined) return
      const made = await making.catch(() => undefined)
      if (made === undefined) return
      if (keptFolder === undefined) await made.remove()
      else {
        await rm(join(made.folder, 'owner.json'), {force: true})
        await rename(made.folder, keptFolder)
      }
    },
  }
}
