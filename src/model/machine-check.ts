/** What `doctor` finds of a machine. */

/** `error`: a build that needs it fails here; `warning`: it works, and could be better. */
export type CheckStatus = 'ok' | 'warning' | 'error'

export interface MachineCheck {
  /** Which look it comes from: `scratch`. */
  readonly name: string
  readonly status: CheckStatus
  readonly text: string
  /** What it means for a build. Of what is not ok. */
  readonly why?: string
  /** A command, where one mends it. */
  readonly fix?: string
}
