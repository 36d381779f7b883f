/**
 * Definition files of Apptainer and SingularityCE: reader and checker by themselves, for editors and other tools.
 *
 * Text in, values out: no file is read and nothing is run. What the language means, rule by rule, is in
 * docs/semantics/definition-files.md.
 */
import {arrange} from './checks/arrange.js'
import {find} from './checks/index.js'
import {context as contextChecks} from './checks/needed.js'
import {formatDeffile} from './formats/deffile/format.js'
import {readDeffile} from './formats/deffile/read.js'
import type {Description} from './model/description.js'
import type {Diagnostic} from './model/diagnostic.js'
import type {ContextFiles} from './model/format.js'

export type {Base, CopyStep, Description, RunStep, Stage, Step} from './model/description.js'
export {type Diagnostic, type DiagnosticJson, diagnosticJson, type Severity} from './model/diagnostic.js'
export type {ContextFiles, FileKind} from './model/format.js'
export type {Position, Span} from './model/span.js'

export interface ReadDefinitionOptions {
  /** The name that findings have for the text; `definition.def` without it. */
  readonly file?: string
  /** Values for build arguments; they win over `%arguments`. */
  readonly buildArgs?: ReadonlyMap<string, string>
  /** In Go's words (`amd64`). */
  readonly architecture?: string
}

export interface CheckDefinitionOptions extends ReadDefinitionOptions {
  /** The stage that is wanted: its name, or its number from 0; the last one without it. */
  readonly target?: string
  /** The folder that the engine is started in. Without it nothing is said about files of the host. */
  readonly context?: ContextFiles
}

export interface ReadDefinition {
  /** Its stages, each with base, steps in their order of execution (D57) and spans; missing when it cannot be read. */
  readonly description?: Description
  readonly diagnostics: readonly Diagnostic[]
}

/**
 * Reads a definition file as Apptainer does, into the shared stage description. What Apptainer refuses is a finding of
 * the rule `syntax`; what it misreads without a word has a rule of its own.
 */
export function readDefinition(text: string, options: ReadDefinitionOptions = {}): ReadDefinition {
  const {file = 'definition.def', buildArgs = new Map(), architecture = 'amd64'} = options
  return readDeffile(file, text, {buildArgs, architecture})
}

/** A folder of which nothing is known. */
const nowhere: ContextFiles = {
  root: '/',
  kind: () => undefined,
  kindFollowed: () => undefined,
  names: () => [],
  text: () => undefined,
  mode: () => undefined,
  head: () => undefined,
  hardLinks: () => 1,
  link: () => undefined,
  environment: new Map(),
}

const aboutFiles: ReadonlySet<string> = new Set(contextChecks.checks.map(each => each.name))

/**
 * All that can be known of a definition file before a build, in the order of the text. `# sifstage: ignore RULE` on a
 * line or above it silences a rule there.
 */
export function checkDefinition(text: string, options: CheckDefinitionOptions = {}): readonly Diagnostic[] {
  const {description, diagnostics} = readDefinition(text, options)
  if (description === undefined) return diagnostics
  const scene = {context: options.context ?? nowhere, target: options.target, ignore: undefined}
  const found = find(description, scene, 'all').filter(each => options.context !== undefined || !aboutFiles.has(each.rule))
  return arrange([...diagnostics, ...found], text)
}

/**
 * The text laid out as people agree on, scripts byte for byte as they are; missing where it cannot be read, and
 * `diagnostics` says why.
 * @param file the name that findings have for it
 */
export function formatDefinition(
  text: string,
  file = 'definition.def',
): {readonly text?: string; readonly diagnostics: readonly Diagnostic[]} {
  return formatDeffile(file, text)
}
