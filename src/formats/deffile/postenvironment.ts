/** The environment of `%post`, made the one that docker would give the same commands. */
import {shellWord} from './quote.js'

/** What apptainer leaves in `%post`'s environment and docker does not (D63, K132). */
export const addedVariables: readonly string[] = ['LANG', 'LD_LIBRARY_PATH', 'PROMPT_COMMAND', 'PS1', 'TERM']

export class PostEnvironment {
  /** There is no base image. */
  fromScratch = false
  /** Variables of the base image, where its configuration is known. */
  baseVariables: ReadonlyMap<string, string> | undefined
  /** Variables of the base that arrive in `%post` other than they are, with what they are. */
  readonly #corrections: (readonly [name: string, value: string])[] = []
  #isClean = false

  /** Commands may look at their environment: what only Apptainer adds has to go (K132). */
  clean(): void {
    this.#isClean = true
  }

  /** A variable of the base that Apptainer hands over changed (D66, D113). */
  correct(name: string, value: string): void {
    this.#corrections.push([name, value])
  }

  /** The lines that `%post` starts with. */
  lines(): string[] {
    return [
      ...(this.#isClean ? this.#withoutAdded() : []),
      ...this.#corrections.map(([name, value]) => `export ${name}=${shellWord(value)}`),
    ]
  }

  /** Where the base is not known, it may have set what Apptainer only adds to (D63; tried with 1.4.5). */
  #withoutAdded(): string[] {
    const base = this.baseVariables
    if (base !== undefined || this.fromScratch)
      return [`unset ${addedVariables.filter(name => base?.has(name) !== true).join(' ')}`]
    return [
      "# what Apptainer adds to the base image's environment",
      'unset PROMPT_COMMAND PS1',
      '[ "$LANG" != C ] || unset LANG',
      'LD_LIBRARY_PATH=${LD_LIBRARY_PATH%/.singularity.d/libs}',
      'LD_LIBRARY_PATH=${LD_LIBRARY_PATH%:}',
      '[ -n "$LD_LIBRARY_PATH" ] || unset LD_LIBRARY_PATH',
    ]
  }
}
