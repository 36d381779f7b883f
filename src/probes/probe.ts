/** What a probe of an engine is asked, and what it gives back. Probes look; they change nothing. */
import type {ImageEngineFacts} from '../model/engines.js'
import type {EngineStatus, Identity} from '../model/ports.js'

export type Note = EngineStatus['notes'][number]

export interface ProbeOptions {
  /** The engine's user. */
  readonly identity: Identity
  readonly environment: NodeJS.ProcessEnv
  /** The store's folder, where answers are remembered; undefined: they are not. */
  readonly store: string | undefined
  readonly ignoreSubordinate: boolean
  /** Whether a command is run in a container to see if that works: `sifstage engines` does, a build does not. */
  readonly trial: boolean
}

export interface Probed {
  readonly status: EngineStatus
  /** Of a usable engine that builds images. */
  readonly facts?: ImageEngineFacts
}

export type Probe = (options: ProbeOptions) => Promise<Probed>

/** The status of an engine whose program is not here. */
export function notHere(name: string, fix: string): Probed {
  return {
    status: {
      name,
      usable: false,
      version: undefined,
      path: undefined,
      mapping: undefined,
      notes: [{ok: false, text: 'not found in PATH', fix}],
    },
  }
}
