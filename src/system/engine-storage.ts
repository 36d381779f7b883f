/** The storage of each image engine, by its name. */
import type {ImageEngineName} from '../model/engines.js'
import type {EngineImages, Identity} from '../model/ports.js'
import {containersStorage} from './containers-storage.js'
import {dockerStorage} from './docker-storage.js'
import type {Explain} from './engine-words.js'
import {engineEnvironment} from './environment.js'
import {ownIdentity} from './identity.js'

export interface EngineStorageOptions {
  readonly engine: ImageEngineName
  /** The program's path. */
  readonly path: string
  /** The engine's user. Docker's daemon has its images for all, and is asked as we are. */
  readonly identity: Identity
  readonly environment: NodeJS.ProcessEnv
  readonly noHttps: boolean
  readonly explain: Explain
}

export function engineStorage({engine, path, identity, environment, noHttps, explain}: EngineStorageOptions): EngineImages {
  const program = path
  if (engine === 'docker') return dockerStorage({program, environment: engineEnvironment(environment, ownIdentity()), explain})
  // A folder of Docker's without its logins is an error to them, though they need none.
  const {DOCKER_CONFIG: _, ...rest} = environment
  return containersStorage({program, kind: engine, identity, environment: engineEnvironment(rest, identity), noHttps, explain})
}
