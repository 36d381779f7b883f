/** Reads a text twice where its bases decide what it means: once to learn which they are, and with what they say. */
import type {Description} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {Format, ReadOptions} from '../model/format.js'
import type {ImageReference} from '../model/reference.js'
import {type BaseReplacement, type Rebased, replaceBases} from '../plan/bases.js'

/**
 * Whether the registries are asked about the bases: never for a check or a plan. A conversion works out whatever it
 * can; a build needs only what decides which steps there are, since it fills in the rest when it has the base. What
 * becomes a Dockerfile and was one is left to its bases as it was: docker itself looks at them, and runs their triggers.
 */
export type LookAtBases = 'offline' | 'convert' | 'convert-to-docker' | 'build'

/** The `config` of an image as JSON text; undefined where it has none. */
export type LookAtImage = (reference: ImageReference, signal: AbortSignal) => Promise<string | undefined>

export interface InputText {
  readonly format: Format
  readonly input: string
  readonly source: string
  readonly options: ReadOptions
  readonly replacements: readonly BaseReplacement[]
  /** Local bases are relative to it. */
  readonly folder: string
  readonly bases: LookAtBases
  /** Without it the registries are asked. */
  readonly look?: LookAtImage
}

export interface ReadInput {
  /** With `--base` carried out; missing when the text could not be read as its format. */
  readonly rebased: Rebased | undefined
  readonly diagnostics: readonly Diagnostic[]
}

export async function readWithBases(text: InputText): Promise<ReadInput> {
  const {format, input, source, options, replacements, folder, bases} = text
  const {description, diagnostics} = format.read(input, source, options)
  if (description === undefined) return {rebased: undefined, diagnostics}
  const rebased = replaceBases(description, replacements)
  if (bases === 'offline' || (bases === 'convert-to-docker' && description.format !== 'def')) return {rebased, diagnostics}
  const {BaseConfigs} = await import('./base-configs.js')
  const found = new BaseConfigs(folder, options.architecture, process.env, text.look)
  let written: Description = description
  let latest: ReadInput & {readonly rebased: Rebased} = {rebased, diagnostics}
  // A trigger of a base may copy from a stage that was not needed before, so there may be more to look at.
  while (
    await found.lookUp(written, latest.rebased.description, options.target, bases === 'convert-to-docker' ? 'def' : 'docker')
  ) {
    const configs = bases === 'build' ? found.decisive() : found.configs
    if (configs.size === 0) break
    const again = format.read(input, source, {...options, configs})
    if (again.description === undefined) return {rebased: undefined, diagnostics: again.diagnostics}
    written = again.description
    latest = {rebased: replaceBases(written, replacements), diagnostics: again.diagnostics}
  }
  if (bases === 'build') return latest
  return {...latest, diagnostics: [...latest.diagnostics, ...found.unknown(latest.rebased.description, options.target)]}
}
