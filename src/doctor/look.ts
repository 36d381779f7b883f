/** What a look at the machine is given, and what it gives back. Looks change nothing that stays. */
import type {MachineCheck} from '../model/machine-check.js'
import type {EngineStatus, Identity, Mapping} from '../model/ports.js'
import type {Answer} from '../probes/programs.js'
import type {FolderTrial} from './folder.js'

export interface Around {
  /** The engine's user. */
  readonly identity: Identity
  readonly mapping: Mapping
  /** The caller's; folders of PATH that do not answer are not in it. */
  readonly environment: NodeJS.ProcessEnv
  /** What programs of the engine's user are started with. */
  readonly env: Readonly<Record<string, string>>
  readonly store: string
  /** Settings files that are there. */
  readonly settings: readonly string[]
  /** Whether a path may be touched by ourselves: what is below a folder that does not answer would hold us for ever. */
  answers(path: string): boolean
  /** Asked once, whichever looks want to know. */
  engines(): Promise<readonly EngineStatus[]>
  /** Which engine is taken for what people ask for. */
  choices(): Promise<readonly {readonly output: string; readonly engine: string | undefined}[]>
  /** Tried once per folder, as the engine's user. */
  folder(path: string): Promise<FolderTrial>
  /** A short question to a program as the engine's user, in the root folder. */
  ask(argv: readonly string[]): Promise<Answer>
}

export type Found = Omit<MachineCheck, 'name'>

export interface Look {
  readonly name: string
  /** Milliseconds after which it is given up, where it needs more than a few seconds. */
  readonly patience?: number
  look(around: Around): Promise<readonly Found[]> | readonly Found[]
}

export const ok = (text: string): Found => ({status: 'ok', text})

export function warning(text: string, why: string, fix?: string): Found {
  return {status: 'warning', text, why, ...(fix === undefined ? {} : {fix})}
}

export function error(text: string, why: string, fix?: string): Found {
  return {status: 'error', text, why, ...(fix === undefined ? {} : {fix})}
}

/** `1.5 GB`, as the rest of sifstage writes sizes. */
export function bytes(count: number): string {
  const unit = count < 1e9 ? ([1e6, 'MB'] as const) : count < 1e12 ? ([1e9, 'GB'] as const) : ([1e12, 'TB'] as const)
  return `${(count / unit[0]).toFixed(count >= unit[0] * 100 ? 0 : 1)} ${unit[1]}`
}
