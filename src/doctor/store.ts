/** The folder that built stages are kept in. */
import {bytes, error, type Found, type Look, ok, warning} from './look.js'

const COMFORTABLE = 10e9
const LEAST = 100e6
const COMFORTABLE_FILES = 10_000

const ELSEWHERE = '--cache-dir DIR (SIFSTAGE_CACHE_DIR, or cache-dir in sifstage.config.yaml)'

export const store: Look = {
  name: 'store',
  async look({store: folder, folder: trial, identity}) {
    const tried = await trial(folder).catch((reason: Error) => reason)
    const why = 'every stage that is built is kept there, and found there the next time'
    if (tried instanceof Error) return [error(`${folder} does not answer: ${tried.message}`, why, ELSEWHERE)]
    const {facts, network, inMemory, unwritable, sync, rename} = tried
    const left = facts.bavail * facts.bsize
    if (unwritable !== undefined) return [error(`${folder} cannot be written by ${identity.user}: ${unwritable}`, why, ELSEWHERE)]
    if (sync !== undefined) return [error(`${folder} takes no files: ${sync} (${bytes(left)} left)`, why, ELSEWHERE)]
    if (rename !== undefined)
      return [
        error(
          `nothing can be renamed in ${folder}: ${rename}`,
          'entries are moved in by one rename, whole or not at all',
          ELSEWHERE,
        ),
      ]
    const found: Found[] = [
      ok(
        `${folder}${tried.exists ? '' : `, not made yet, in ${tried.folder}`}: ${bytes(left)} left${network === undefined ? '' : `, on ${network}`}`,
      ),
    ]
    if (left < LEAST) found[0] = error(`${folder} has only ${bytes(left)} left`, why, 'sifstage cache prune --max-size 10GB')
    else if (left < COMFORTABLE)
      found.push(
        warning(
          `${folder} has only ${bytes(left)} left`,
          'packed stages are kept there, bases too',
          'sifstage cache prune --max-size 5GB',
        ),
      )
    if (facts.files > 0 && facts.ffree < COMFORTABLE_FILES)
      found.push(
        warning(`${folder} has only ${facts.ffree} inodes left`, 'a stage takes about ten', 'sifstage cache prune --days 30'),
      )
    if (network !== undefined)
      found.push(
        warning(
          `${folder} is on ${network}`,
          'it works, also for many builds at once, but each stage is written and read over the network',
          `a disk of this machine with ${ELSEWHERE}, and --store-from ${folder} for what is there`,
        ),
      )
    if (inMemory) found.push(warning(`${folder} is in memory`, 'it is gone when the machine is started anew', ELSEWHERE))
    return found
  },
}
