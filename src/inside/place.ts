/** Puts the sources of one COPY or ADD in place, as BuildKit does (part D of the Dockerfile rules). */
import * as fs from 'node:fs'
import * as path from 'node:path'
import type {Operation, PlacedSource} from '../model/operations.js'
import {unpackArchive} from './archive.js'
import {copyInto, copyTo, give, makeFifo, makeFolders, oneUserOnly, overAll} from './files.js'
import {numericOwner, type Owner, parseOwner, rootOwner} from './owners.js'
import {locate, Refusal, statsOf} from './paths.js'

type PlaceOperation = Extract<Operation, {op: 'place'}>
type TreeSource = Extract<PlacedSource, {kind: 'tree'}>

/** One COPY on its way: `whole` trees that are new, `merged` folders that were there, `parents` made on the way. */
interface Placing {
  readonly root: string
  readonly owner: Owner
  /** `--link` (K100). */
  readonly link: boolean
  readonly whole: string[]
  readonly merged: string[]
  readonly parents: string[]
}

/** Where a destination lies: with `--link` no link in it is followed. */
function target(placing: Placing, destination: string): {real: string; stats: fs.Stats | undefined} {
  if (!placing.link) return locate(placing.root, destination)
  // Clean already: `..` was taken back when the description was read (K83).
  const real = path.join(placing.root, path.posix.join('/', destination))
  let stats: fs.Stats | undefined
  try {
    stats = statsOf(real)
  } catch {
    // A part of it is no folder: it will be replaced.
  }
  return {real: real.length > 1 ? real.replace(/\/$/, '') : real, stats}
}

/** What `--exclude` takes out of a tree, with quick answers for each folder. */
class Without {
  readonly #paths: ReadonlySet<string>
  readonly #above: ReadonlySet<string>

  constructor(paths: readonly string[]) {
    this.#paths = new Set(paths)
    this.#above = new Set(
      paths.flatMap(each => {
        const above = ['']
        for (let slash = each.indexOf('/'); slash !== -1; slash = each.indexOf('/', slash + 1)) above.push(each.slice(0, slash))
        return above
      }),
    )
  }

  has(relative: string): boolean {
    return this.#paths.has(relative)
  }

  /** Whether something below the folder is left out. */
  below(relative: string): boolean {
    return this.#above.has(relative)
  }
}

/** Copies the entries of a folder into another, replacing files and links, never following one (D.2 of the Dockerfile rules). */
function mergeFolder(source: TreeSource, relative: string, to: string, without: Without, placing: Placing): void {
  const from = path.join(source.from, relative)
  const {root} = placing
  const fresh: string[] = []
  for (const name of fs.readdirSync(from)) {
    const inner = relative === '' ? name : `${relative}/${name}`
    if (without.has(inner)) continue
    const source1 = path.join(from, name)
    const target1 = path.join(to, name)
    const stats = fs.lstatSync(source1)
    const there = statsOf(target1)
    if (stats.isDirectory() && (there !== undefined || without.below(inner))) {
      if (there !== undefined && !there.isDirectory()) {
        if (!placing.link) throw new Refusal(`cannot copy to non-directory: /${path.relative(root, target1)}`)
        fs.unlinkSync(target1)
      }
      const isNew = statsOf(target1) === undefined
      if (isNew) fs.mkdirSync(target1)
      if (isNew || source.keepFolders !== true) {
        give(target1, stats)
        fs.chmodSync(target1, stats.mode & 0o7777)
        placing.merged.push(target1)
      }
      mergeFolder(source, inner, target1, without, placing)
      continue
    }
    if (there?.isDirectory()) {
      if (!placing.link) throw new Refusal(`cannot replace to directory /${path.relative(root, target1)} with file`)
      fs.rmSync(target1, {recursive: true})
    } else if (there !== undefined) fs.unlinkSync(target1)
    fresh.push(source1)
  }
  // One call for all that is new here, so that hard links between them stay links (K95).
  copyInto(to, fresh)
  placing.whole.push(...fresh.map(each => path.join(to, path.basename(each))))
}

function placeFile(source: TreeSource, destination: string, asFolder: boolean, placing: Placing): void {
  const {root, owner, link} = placing
  let place = target(placing, destination)
  if (asFolder && !link && place.stats !== undefined && !place.stats.isDirectory())
    throw new Refusal(`mkdir ${destination}: not a directory`)
  if (asFolder) {
    placing.parents.push(...makeFolders(root, place.real, owner, link))
    place = target(placing, destination)
  }
  let to = place.real
  if (link ? asFolder : place.stats?.isDirectory()) {
    const inner = target(placing, `${path.join('/', path.relative(root, place.real))}/${source.name}`)
    // Inside the folder the name itself may be a link, which is followed (D.2: `COPY f /l`).
    if (!link && inner.stats?.isDirectory())
      throw new Refusal(`cannot replace to directory /${path.relative(root, inner.real)} with file`)
    to = inner.real
  }
  placing.parents.push(...makeFolders(root, path.dirname(to), owner, link))
  fs.rmSync(to, {force: true, recursive: link})
  copyTo(source.from, to)
  placing.whole.push(to)
}

function placeTree(source: TreeSource, destination: string, asFolder: boolean, placing: Placing): void {
  for (const {path: below, mode} of source.fifos ?? []) makeFifo(path.join(source.from, below), mode)
  if (!fs.lstatSync(source.from).isDirectory()) {
    placeFile(source, destination, asFolder, placing)
    return
  }
  const place = target(placing, destination)
  if (!placing.link && place.stats !== undefined && !place.stats.isDirectory())
    throw new Refusal(`cannot copy to non-directory: ${destination}`)
  placing.parents.push(...makeFolders(placing.root, place.real, placing.owner, placing.link))
  mergeFolder(source, '', place.real, new Without(source.without ?? []), placing)
}

/**
 * Modes as `--chmod` says: octal hits the folders made on the way too, as far as a umask of 022 lets it; symbolic ones
 * heed no umask (K98).
 */
function changeModes(given: string, placing: Placing): void {
  const octal = /^[0-7]+$/.test(given)
  // Without leading zeros chmod(1) leaves the setgid bit of a folder alone.
  const chmod = octal ? `0000${given}` : given
  const before = process.umask(0)
  try {
    overAll(
      'chmod',
      ['--recursive', chmod],
      placing.whole.filter(file => !fs.lstatSync(file).isSymbolicLink()),
    )
    overAll('chmod', [chmod], placing.merged)
    if (octal) overAll('chmod', [(Number.parseInt(given, 8) & 0o755).toString(8)], placing.parents)
  } finally {
    process.umask(before)
  }
}

export function place(root: string, operation: PlaceOperation): void {
  // With --chmod it is an ordinary copy (K100).
  const link = operation.link === true && operation.chmod === undefined
  const {chown} = operation
  const owner = chown === undefined ? rootOwner : link ? numericOwner(chown) : parseOwner(root, chown)
  const placing: Placing = {root, owner, link, whole: [], merged: [], parents: []}
  const asFolder = /\/\.?$/.test(operation.destination)
  for (const source of operation.sources) {
    if (source.kind === 'tree') placeTree(source, operation.destination, asFolder, placing)
    else unpackArchive(root, operation.destination, source.members, source.contents, chown === undefined ? undefined : owner)
  }
  if ((chown !== undefined || operation.owner === 'root') && !oneUserOnly()) {
    const who = `${owner.uid}:${owner.gid}`
    // A change of owner takes setuid and setgid away: those that were set are set again.
    const special = specialModes([...placing.whole, ...placing.merged])
    overAll('chown', ['--no-dereference', '--recursive', who], placing.whole)
    overAll('chown', ['--no-dereference', who], placing.merged)
    for (const [file, mode] of special) fs.chmodSync(file, mode)
  }
  if (operation.chmod !== undefined) changeModes(operation.chmod, placing)
}

/** Files with setuid or setgid among what was placed. */
function specialModes(tops: readonly string[]): Map<string, number> {
  const found = new Map<string, number>()
  const open = [...tops]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const stats = fs.lstatSync(at)
    if (stats.isDirectory()) for (const name of fs.readdirSync(at)) open.push(path.join(at, name))
    else if (stats.isFile() && (stats.mode & 0o6000) !== 0) found.set(at, stats.mode & 0o7777)
  }
  return found
}
