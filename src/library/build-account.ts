/** The account of a build, from its first event to the store: it never fails what it tells of. */
import {realpath} from 'node:fs/promises'
import {resolve} from 'node:path'
import {Accountant} from '../build/account.js'
import type {BuildResult} from '../build/request.js'
import type {BuildAccount} from '../model/account.js'
import {type Diagnostic, diagnosticJson} from '../model/diagnostic.js'
import type {Identity, Sink} from '../model/ports.js'
import {resolveTarget} from '../plan/graph.js'
import {excerptOf, type Sources} from '../reports/text.js'
import {findAccount, keepAccount} from '../stores/accounts.js'
import type {Loaded} from './input.js'

/** What names an input whatever it is called from where. */
async function placeOf(input: string): Promise<string> {
  return realpath(input).catch(() => resolve(input))
}

/** Findings with the lines that they point at. */
function excerpted(diagnostics: readonly Diagnostic[], sources: Sources): BuildAccount['diagnostics'] {
  return diagnostics.map(each => ({...diagnosticJson(each), excerpt: excerptOf(each, sources)}))
}

export interface AccountOptions {
  readonly loaded: Loaded
  readonly target: string | undefined
  readonly engine: BuildAccount['engine']
  readonly folder: string
  readonly owner: Identity
}

export class AccountBook {
  readonly sink: Sink
  readonly #accountant: Accountant
  #result: BuildResult | undefined
  #diagnostics: readonly Diagnostic[] = []

  constructor(sink: Sink) {
    this.#accountant = new Accountant(sink, () => Date.now())
    this.sink = this.#accountant
  }

  /** What the build gave back, and all that was found. */
  done(result: BuildResult, diagnostics: readonly Diagnostic[]): void {
    this.#result = result
    this.#diagnostics = diagnostics
  }

  /** Writes it down, however the build ended; nothing where none began. */
  async close({loaded, target, engine, folder, owner}: AccountOptions): Promise<void> {
    try {
      const {description, input, diagnostics} = loaded
      const wanted = description === undefined ? undefined : resolveTarget(description, target)
      if (!this.#accountant.hasBegun || wanted?.kind !== 'found') return
      const found = this.#result === undefined ? diagnostics : this.#diagnostics
      const about = {input, target: wanted.stage.name, engine, diagnostics: excerpted(found, loaded)}
      await keepAccount(folder, await placeOf(input), this.#accountant.account(about, this.#result), owner)
    } catch {
      // Whatever it is: the build itself is done.
    }
  }
}

/** The account of the last build of an input's target; why there is none. */
export async function lastBuild(folder: string, input: string, target: string): Promise<BuildAccount | string> {
  return findAccount(folder, await placeOf(input), target)
}
