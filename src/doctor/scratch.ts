/** The folder that images are unpacked and built in. */
import {isNoexec, scratchCandidates, scratchParent, unfitness} from '../system/scratch.js'
import type {FolderTrial} from './folder.js'
import {type Around, bytes, error, type Found, type Look, ok, warning} from './look.js'

/** An image with a compiler and MPI takes a few of these while it is built. */
const COMFORTABLE = 5e9
const COMFORTABLE_FILES = 200_000

export const SET_SCRATCH = 'SIFSTAGE_TMPDIR=/path/on/a/disk/of/this/machine'

/** Why a build cannot work in a folder; undefined when it can. */
function troubleIn({folder, facts, unwritable, sync, run, namespace}: FolderTrial, {identity}: Around): string | undefined {
  const unfit = unfitness(folder, facts)
  if (unfit !== undefined) return unfit
  if (unwritable !== undefined) return `cannot be written by ${identity.user}: ${unwritable}`
  if (run !== undefined) return isNoexec(folder) ? 'is mounted noexec' : `runs no programs: ${run}`
  if (sync !== undefined) return `takes no files: ${sync}`
  return namespace === undefined ? undefined : `does not work in the engine's user namespace: ${namespace}`
}

function roomIn({folder, facts, inMemory}: FolderTrial): Found[] {
  const left = facts.bavail * facts.bsize
  const found: Found[] = []
  if (inMemory)
    found.push(
      warning(
        `${folder} is in memory (tmpfs, ${bytes(left)} left)`,
        'what a build unpacks there counts as memory, also against the limit of a job: an image of 5 GB can end it',
        SET_SCRATCH,
      ),
    )
  else if (left < COMFORTABLE)
    found.push(warning(`${folder} has only ${bytes(left)} left`, 'a stage is unpacked there, built, and packed', SET_SCRATCH))
  if (facts.files > 0 && facts.ffree < COMFORTABLE_FILES)
    found.push(
      warning(
        `${folder} has only ${facts.ffree} inodes left`,
        'each file of a stage takes one; a base with Python or R has a hundred thousand',
        SET_SCRATCH,
      ),
    )
  return found
}

export const scratch: Look = {
  name: 'scratch',
  async look(around) {
    const {environment, folder: trial} = around
    const {from} = scratchParent(environment)
    const passed: {readonly candidate: string; readonly why: string}[] = []
    for (const candidate of scratchCandidates(environment)) {
      const tried = await trial(candidate).catch((reason: Error) => reason)
      const why = tried instanceof Error ? `does not answer: ${tried.message}` : troubleIn(tried, around)
      if (why !== undefined || tried instanceof Error) {
        passed.push({candidate, why: why ?? ''})
        continue
      }
      const [first] = passed
      const left = `${bytes(tried.facts.bavail * tried.facts.bsize)} left`
      return [
        ...(first === undefined
          ? [ok(`${candidate}${from === undefined ? '' : ` (${from})`} can be used, ${left}`)]
          : [
              warning(
                `${candidate} is taken, ${left}: ${from ?? 'the default'} says ${first.candidate}, which ${first.why}`,
                'a build takes the next folder that works without asking',
                SET_SCRATCH,
              ),
            ]),
        ...roomIn(tried),
      ]
    }
    return [
      error(
        passed.map(({candidate, why}) => `${candidate} ${why}`).join('; '),
        'stages are built in a temporary folder, and there is none',
        SET_SCRATCH,
      ),
    ]
  },
}
