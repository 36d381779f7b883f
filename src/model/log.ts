/** What is kept of a stage's output: all of it, for whoever wants to know more than the last lines. */

/** The output of one run of a stage, written as it comes. */
export interface StageLog {
  /** Undefined where none can be kept: that fails no build. */
  readonly path: string | undefined
  write(line: string): void
  close(): Promise<void>
}

export interface StageLogs {
  open(stage: string): Promise<StageLog>
  /** At the end of a build: removes what is old, or too much. */
  thin(): Promise<void>
}
