/**
 * A power cut for one process: it is ended at a chosen change of its files, and then what a disk may lose is lost. Content
 * that was not synced since it was written is cut, halved or zeros; names that were changed without a sync of their folder
 * afterwards are as they were before: all of them, the last ones (as a journal loses them), or any (as POSIX allows).
 */
import {
  closeSync,
  existsSync,
  ftruncateSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs'
import {dirname, join} from 'node:path'
import {root} from './engine.js'

type Entry =
  | {readonly op: 'change'; readonly number: number; readonly path: string}
  | {readonly op: 'write'; readonly ino: number; readonly append?: boolean}
  | {readonly op: 'sync'; readonly ino: number; readonly size: number}
  | {readonly op: 'rename'; readonly from: string; readonly to: string; readonly replaced?: string; readonly dirs: number[]}
  | {readonly op: 'create'; readonly path: string; readonly dirs: number[]}
  | {readonly op: 'remove'; readonly path: string; readonly grave?: string; readonly dirs: number[]}
type NameChange = Extract<Entry, {readonly dirs: number[]}>

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class PowerCut {
  readonly #journal: string
  readonly #graveyard: string
  #before = new Map<number, string>()

  /**
   * @param folder for the journal and what lost its name; on the disk of the roots
   * @param roots absolute folders whose changes count
   */
  constructor(
    readonly folder: string,
    readonly roots: readonly string[],
  ) {
    this.#journal = join(folder, 'journal')
    this.#graveyard = join(folder, 'graveyard')
  }

  /** The environment of a process that is ended at its `at`-th change; 0: never. */
  environment(at: number): Readonly<Record<string, string>> {
    rmSync(this.folder, {recursive: true, force: true})
    mkdirSync(this.#graveyard, {recursive: true})
    this.#before = new Map([...this.#files()].map(([, ino, state]) => [ino, state]))
    return {
      NODE_OPTIONS: `--import=${join(root, 'test/support/power-cut.mjs')}`,
      SIFSTAGE_POWER_CUT: JSON.stringify({roots: this.roots, journal: this.#journal, graveyard: this.#graveyard, at}),
    }
  }

  #entries(): Entry[] {
    if (!existsSync(this.#journal)) return []
    return readFileSync(this.#journal, 'utf8')
      .split('\n')
      .filter(line => line.endsWith('}'))
      .map((line): Entry => JSON.parse(line))
  }

  /** Number of changes that the process made. */
  changes(): number {
    return this.#entries().filter(each => each.op === 'change').length
  }

  /** The change that it was ended at, for a message. */
  last(): string {
    const last = this.#entries().findLast(each => each.op === 'change')
    return last?.op === 'change' ? `change ${last.number}: ${last.path}` : 'no change'
  }

  *#files(): Generator<readonly [path: string, ino: number, state: string]> {
    const open = [...this.roots]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const stats = lstatSync(at, {throwIfNoEntry: false})
      if (stats?.isDirectory()) open.push(...readdirSync(at).map(name => join(at ?? '', name)))
      else if (stats?.isFile()) yield [at, stats.ino, `${stats.size} ${stats.birthtimeMs}`]
    }
  }

  /** Loses what was not synced; tells what, for the message of a test that fails. */
  lose(random: () => number): string[] {
    const entries = this.#entries()
    const told = [...this.#loseNames(entries, random), ...this.#loseContents(entries, random)]
    rmSync(this.folder, {recursive: true, force: true})
    return told
  }

  #loseContents(entries: readonly Entry[], random: () => number): string[] {
    const told: string[] = []
    /** How much of a file is surely there, by its inode; all of it while nothing was written since it was synced. */
    const safe = new Map<number, {readonly bytes: number; readonly all: boolean}>()
    for (const each of entries) {
      if (each.op === 'sync') safe.set(each.ino, {bytes: each.size, all: true})
      if (each.op === 'write')
        safe.set(each.ino, {bytes: each.append === true ? (safe.get(each.ino)?.bytes ?? 0) : 0, all: false})
    }
    for (const [path, ino, state] of this.#files()) {
      const {bytes, all} = safe.get(ino) ?? {bytes: 0, all: this.#before.get(ino) === state}
      const {size} = lstatSync(path)
      const fate = Math.floor(random() * 4)
      if (all || fate === 0 || size <= bytes) continue
      if (fate === 1) truncateSync(path, bytes)
      else if (fate === 2) truncateSync(path, bytes + ((size - bytes) >> 1))
      else {
        const file = openSync(path, 'r+')
        ftruncateSync(file, bytes)
        ftruncateSync(file, size)
        closeSync(file)
      }
      told.push(`${['', 'emptied', 'cut', 'zeroed'][fate]} ${path}`)
    }
    return told
  }

  #loseNames(entries: readonly Entry[], random: () => number): string[] {
    const told: string[] = []
    const changes = entries.flatMap((each, at) => ('dirs' in each ? [{each, at}] : []))
    const loose = changes.filter(
      ({each, at}) => !entries.some((later, when) => when > at && later.op === 'sync' && each.dirs.includes(later.ino)),
    )
    const mode = Math.floor(random() * 3)
    const from = random() * loose.length
    const lost = loose.filter((_, i) => (mode === 0 ? true : mode === 1 ? i >= from : random() < 0.5))
    const kept = changes.filter(each => !lost.includes(each))
    for (const {each, at} of lost.reverse()) {
      // Where it lies by now: what came later and stays may have moved its folder.
      const now = (path: string) =>
        kept.reduce(
          (place, later) =>
            later.at > at && later.each.op === 'rename' && (place === later.each.from || place.startsWith(`${later.each.from}/`))
              ? later.each.to + place.slice(later.each.from.length)
              : place,
          path,
        )
      try {
        this.#undo(each, now)
        told.push(`undone: ${each.op === 'rename' ? `${each.from} to ${each.to}` : `${each.op} ${each.path}`}`)
      } catch {
        // What it would go back to is lost itself.
      }
    }
    return told
  }

  #undo(change: NameChange, now: (path: string) => string): void {
    if (change.op === 'create') rmSync(now(change.path), {recursive: true, force: true})
    else if (change.op === 'remove') {
      if (change.grave === undefined) mkdirSync(now(change.path))
      else linkSync(change.grave, now(change.path))
    } else {
      const to = now(change.to)
      // From outside, say from scratch, which does not outlive a power cut.
      if (!this.roots.some(each => change.from.startsWith(`${each}/`))) rmSync(to, {recursive: true, force: true})
      else if (existsSync(dirname(change.from))) renameSync(to, change.from)
      if (change.replaced !== undefined) linkSync(change.replaced, to)
    }
  }
}
