/** What ADD takes from the network, as one port (K104, K105). */
import type {Identity} from '../model/ports.js'
import type {RemoteSources} from '../model/supplies.js'
import {downloads} from './downloads.js'
import {gitSources} from './git.js'

export function remoteSources(store: string, owner: Identity, environment: NodeJS.ProcessEnv): RemoteSources {
  return {download: downloads(store, owner), ...gitSources(environment)}
}
