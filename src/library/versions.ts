/** `version`: what a bug report needs to say of a machine. */
import {type ProgramVersion, programVersions, systemName} from '../probes/versions.js'

export interface Versions {
  readonly system: string
  readonly node: string
  /** Engines, and the programs that image trees are handled with. */
  readonly programs: readonly ProgramVersion[]
}

/** Long enough for a slow disk; who is in a hurry says so. */
const PATIENCE = 5_000

export async function versions(patience: number = PATIENCE): Promise<Versions> {
  return {
    system: systemName(),
    node: process.versions.node,
    programs: await programVersions(process.env, patience),
  }
}
