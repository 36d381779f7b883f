/** What is known of a build before it starts, from what its stages took the last time. */
import type {StageCost} from '../model/history.js'

/** Room on disks, in bytes. */
export interface Room {
  readonly store: number
  readonly scratch: number
}

/**
 * The room that stages will take: each one's image in the store; in scratch the trees of those that run side by side,
 * the largest for sure, and the target's once more, packed. Stages that were never built count for nothing.
 */
export function roomNeeded(costs: readonly StageCost[], jobs: number): Room {
  const trees = costs.map(each => each.treeBytes).sort((a, b) => b - a)
  const sum = (list: readonly number[]) => list.reduce((total, each) => total + each, 0)
  const largestImage = Math.max(0, ...costs.map(each => each.imageBytes))
  return {store: sum(costs.map(each => each.imageBytes)), scratch: sum(trees.slice(0, jobs)) + largestImage}
}

function gigabytes(bytes: number): string {
  return bytes < 1 << 30 ? `${Math.ceil(bytes / (1 << 20))} MB` : `${(bytes / (1 << 30)).toFixed(1)} GB`
}

/** What a person should know before two hours are spent: the places where there is less room than will be needed. */
export function shortages(needed: Room, free: Room): string[] {
  const short = (place: string, need: number, left: number, setting: string) =>
    need <= left
      ? []
      : [`${place} will need about ${gigabytes(need)}, going by the last time, and has ${gigabytes(left)} left (${setting})`]
  return [
    ...short('the store', needed.store, free.store, 'sifstage cache prune, or --cache-dir DIR'),
    ...short('scratch', needed.scratch, free.scratch, 'SIFSTAGE_TMPDIR=DIR'),
  ]
}
