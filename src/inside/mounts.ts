/** Places for mounts, made for one command and removed again (K129, BuildKit's `executor.MountStubsCleaner`). */
import * as fs from 'node:fs'
import * as path from 'node:path'
import type {MountPoint, Operation} from '../model/operations.js'
import {copyInto, copyTo, give, makeFolders} from './files.js'
import {rootOwner} from './owners.js'
import {locate, partsBelow, Refusal, statsOf} from './paths.js'

/** A place that was made: in the image, or in a folder that is mounted into it. */
interface Made {
  readonly inside?: string
  readonly path: string
}

/** Makes one place; gives back what it had to make, outermost first. */
function makePoint(root: string, point: MountPoint): Made[] {
  const base = point.inside === undefined ? root : fs.realpathSync(point.inside.folder)
  const place = locate(base, point.inside?.path ?? point.target)
  if (partsBelow(base, place.real).length === 0) throw new Refusal(`invalid mount target ${JSON.stringify(point.target)}`)
  const noted = (real: string): Made => ({
    ...(point.inside === undefined ? {} : {inside: base}),
    path: `/${path.relative(base, real)}`,
  })
  if (place.stats !== undefined) {
    if (place.stats.isDirectory() !== (point.kind === 'folder'))
      throw new Refusal(`${point.target}: a ${point.kind} cannot be mounted on what is there`)
    return []
  }
  if (point.kind === 'folder') return makeFolders(base, place.real, rootOwner).map(noted)
  const made = makeFolders(base, path.dirname(place.real), rootOwner)
  fs.writeFileSync(place.real, '', {flag: 'wx', mode: 0o644})
  return [...made, place.real].map(noted)
}

export function makeMountPoints(root: string, points: readonly MountPoint[], file: string): void {
  const made: Made[] = []
  try {
    for (const point of points) made.push(...makePoint(root, point))
  } finally {
    fs.writeFileSync(file, JSON.stringify(made))
  }
}

/** What a command put there stays. */
export function clearMountPoints(root: string, file: string): void {
  if (statsOf(file) === undefined) return
  const made: Made[] = JSON.parse(fs.readFileSync(file, 'utf8'))
  for (const each of made.reverse()) {
    const {real, stats} = locate(each.inside ?? root, each.path)
    if (stats?.isDirectory()) {
      if (fs.readdirSync(real).length === 0) fs.rmdirSync(real)
    } else if (stats?.isFile() && stats.size === 0) fs.unlinkSync(real)
  }
}

/** See the operation `lay`. A folder that was there stays as it is: a cache keeps its content. */
export function lay(operation: Extract<Operation, {op: 'lay'}>): void {
  const {from, to, as} = operation
  if (statsOf(to) !== undefined) return
  const beside = `${to}.partial`
  fs.rmSync(beside, {recursive: true, force: true})
  if (from === undefined) fs.mkdirSync(beside)
  else if (as !== undefined && fs.lstatSync(from).isDirectory()) {
    fs.mkdirSync(beside)
    copyInto(
      beside,
      fs.readdirSync(from).map(name => path.join(from, name)),
    )
  } else copyTo(from, beside)
  if (as !== undefined) {
    give(beside, as)
    fs.chmodSync(beside, as.mode)
  }
  fs.renameSync(beside, to)
}
