/**
 * Exit codes of the command line (design section 3, binding).
 */
export const ExitCode = {
  done: 0,
  wrong: 1,
  usage: 2,
  unfaithful: 3,
  noEngine: 4,
  failed: 5,
  bug: 70,
  interrupted: 130,
  terminated: 143,
} as const
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode]

/** The image of a stage is needed, and the store does not keep it any more: the stage has to be built once more. */
export class ImageNotKept extends Error {
  /** @param key of the stage */
  constructor(readonly key: string) {
    super('the image of a stage is not kept any more')
    this.name = 'ImageNotKept'
  }
}

/** Something a person can put right: message, what to do, exit code. Anything else that is thrown is a bug of ours. */
export class SifstageError extends Error {
  readonly hint: string | undefined

  constructor(
    readonly exitCode: ExitCode,
    message: string,
    hint?: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
    this.name = 'SifstageError'
    this.hint = hint
  }
}
