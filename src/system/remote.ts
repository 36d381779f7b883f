/** What ADD takes from the network, as one port (K104, K105). */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import type {GitSource, RemoteSources} from '../model/supplies.js'
import {downloads} from './downloads.js'
import {gitSources} from './git.js'

/** @param offline nothing is fetched: a file only as the store has it, and no repository */
export function remoteSources(store: string, owner: Identity, environment: NodeJS.ProcessEnv, offline = false): RemoteSources {
  const git = gitSources(environment)
  const refuse = async (source: GitSource): Promise<never> => {
    throw new SifstageError(
      ExitCode.failed,
      `${source.repository} is not asked: --offline was given`,
      'Build with the network, or clone it into the build context and copy it from there.',
    )
  }
  return {download: downloads(store, owner, offline), ...git, ...(offline ? {commitOf: refuse, checkOut: refuse} : {})}
}
