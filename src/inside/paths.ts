/** Paths of an image, which never lead out of it. */
import * as fs from 'node:fs'
import * as path from 'node:path'

/** As in Linux (`MAXSYMLINKS`). */
const MOST_LINKS = 40

/** Something that the description asks for and the image does not allow: told without a stack. */
export class Refusal extends Error {}

export interface Place {
  /** Absolute on the host, below the root, every part of it that exists a real folder. */
  readonly real: string
  readonly stats: fs.Stats | undefined
}

export function statsOf(file: string): fs.Stats | undefined {
  return fs.lstatSync(file, {throwIfNoEntry: false})
}

function parts(text: string): string[] {
  return text.split('/').filter(part => part !== '' && part !== '.')
}

/**
 * Where a path of the image lies on the host, with every link resolved inside the image (K89, K93): an absolute
 * link starts at the root, `..` stops there. Nobody else changes the image meanwhile, so a look and a use agree.
 */
export function locate(root: string, image: string): Place {
  const rest = parts(image).reverse()
  const at: string[] = []
  let links = 0
  let missing = false
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '..') {
      at.pop()
      missing = false
      continue
    }
    const next = path.join(root, ...at, part)
    const stats = missing ? undefined : statsOf(next)
    if (stats?.isSymbolicLink()) {
      links += 1
      if (links > MOST_LINKS) throw new Refusal(`${image}: too many levels of symbolic links`)
      const target = fs.readlinkSync(next)
      if (target.startsWith('/')) at.length = 0
      rest.push(...parts(target).reverse())
      continue
    }
    if (stats === undefined) missing = true
    else if (!stats.isDirectory() && rest.length > 0) throw new Refusal(`/${[...at, part].join('/')}: not a directory`)
    at.push(part)
  }
  const real = path.join(root, ...at)
  return {real, stats: statsOf(real)}
}

/** A folder's place below the root, and its missing parents, for whoever makes them. */
export function partsBelow(root: string, real: string): string[] {
  return path
    .relative(root, real)
    .split(path.sep)
    .filter(name => name !== '')
}
