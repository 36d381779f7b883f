/** Paths that a missing one was perhaps meant to be. */
import {distance} from '../../language/distance.js'
import type {ImageTree} from '../../model/image.js'
import {baseName, folderOf} from '../../model/paths.js'

const MOST = 5
/** Looking further than this into a huge image is not worth the wait. */
const MOST_LOOKED_AT = 400_000

/** Number of leading folders that two paths share. */
function shared(a: readonly string[], b: readonly string[]): number {
  let count = 0
  while (count < a.length && a[count] === b[count]) count += 1
  return count
}

/**
 * Up to five existing paths, best first: the same name elsewhere, a name a few letters away (above all in the same
 * folder), the same name with another ending; then what else lies in the folder, if little does.
 */
export function nearestPaths(tree: ImageTree, wanted: string): readonly string[] {
  const name = baseName(wanted).replace(/[*?[\]{}]/g, '')
  const folder = folderOf(wanted)
  const parts = wanted.split('/')
  const limit = Math.max(1, Math.min(3, Math.floor(name.length / 3)))
  const stem = name.replace(/\.[^.]*$/, '').toLowerCase()
  const scored: {path: string; score: number}[] = []
  let looked = 0
  for (const entry of tree.below('/')) {
    looked += 1
    if (looked > MOST_LOOKED_AT) break
    if (entry.path === '/' || entry.path.startsWith('/.singularity.d/')) continue
    const candidate = baseName(entry.path)
    const sameFolder = folderOf(entry.path) === folder
    let score: number | undefined
    if (candidate === name) score = 0
    else if (candidate.toLowerCase() === name.toLowerCase()) score = 1
    else {
      const apart = name === '' ? limit + 1 : distance(name, candidate, limit)
      if (apart <= limit) score = (sameFolder ? 1 : 6) + apart
      else if (stem.length > 2 && candidate.replace(/\.[^.]*$/, '').toLowerCase() === stem) score = sameFolder ? 3 : 9
      else if (sameFolder && (name === '' || (stem.length > 2 && candidate.toLowerCase().includes(stem)))) score = 5
    }
    if (score === undefined) continue
    scored.push({path: entry.path, score: score - shared(parts, entry.path.split('/')) / 100})
  }
  scored.sort((a, b) => a.score - b.score || (a.path < b.path ? -1 : 1))
  return scored.slice(0, MOST).map(each => each.path)
}

/** What else lies in the folder of a missing path, when that says something. */
export function folderContent(tree: ImageTree, wanted: string): string | undefined {
  const folder = folderOf(wanted)
  const found = tree.resolve(folder)
  if (found.kind !== 'found') {
    let at = folder
    while (at !== '/' && tree.resolve(at).kind !== 'found') at = folderOf(at)
    return `there is no folder ${folder}; the part of it that exists is ${at}`
  }
  if (found.entry.kind !== 'directory') return `${folder} is not a folder`
  const names = tree.list(found.entry.path)
  if (names.length === 0) return `the folder ${folder} is empty`
  const some = names.slice(0, 8).join(', ')
  return `${folder} holds ${some}${names.length > 8 ? `, … (${names.length} names)` : ''}`
}
