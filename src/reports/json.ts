/** The documents of `--json` (design section 3; test/contract holds their schemas). */
import type {Chain} from '../model/chain.js'
import {type Diagnostic, type DiagnosticJson, diagnosticJson, summarize} from '../model/diagnostic.js'
import type {Plan} from '../model/plan.js'
import type {Report} from '../model/report.js'

export function checkDocument(input: string, diagnostics: readonly Diagnostic[]) {
  return {version: 1, input, diagnostics: diagnostics.map(diagnosticJson), summary: summarize(diagnostics)} as const
}

export interface Conversion {
  readonly input: string
  readonly to: 'def' | 'dockerfile' | 'yaml' | 'stages'
  /** Where it was written; null when it was not written to a file. */
  readonly output: string | null
  /** What was made, when it was not written to a file. */
  readonly text?: string
  readonly diagnostics: readonly Diagnostic[]
}

export function convertDocument(conversion: Conversion) {
  const {diagnostics, ...rest} = conversion
  return {version: 1, ...rest, diagnostics: diagnostics.map(diagnosticJson)} as const
}

export interface Import {
  /** Files and folders as typed. */
  readonly input: readonly string[]
  readonly output: string | null
  readonly text?: string
  /** Missing when it could not be made. */
  readonly chain: Chain | undefined
  readonly diagnostics: readonly Diagnostic[]
}

export function importDocument({input, output, text, chain, diagnostics}: Import) {
  const stages = chain?.stages ?? []
  return {
    version: 1,
    input,
    output,
    target: chain?.target ?? stages.at(-1)?.name ?? null,
    stages: stages.map(({name, file, context, from, images, copies, args, comment}) => ({
      name,
      file,
      ...(context === undefined ? {} : {context}),
      ...(from === undefined ? {} : {from}),
      images,
      copies,
      args: Object.fromEntries(args),
      assumed: comment,
    })),
    ...(text === undefined ? {} : {text}),
    diagnostics: diagnostics.map(diagnosticJson),
  } as const
}

export function planDocument(plan: Plan): {version: 1; diagnostics: DiagnosticJson[]} & Omit<Plan, 'diagnostics'> {
  return {version: 1, ...plan, diagnostics: plan.diagnostics.map(diagnosticJson)}
}

/** A report for programs: what people read is made from the findings, and left out. */
export function reportDocument({image, diagnostics, ...rest}: Report): object {
  const {sections: _, findings, ...about} = image ?? {sections: [], findings: {}}
  return {
    version: 1,
    ...rest,
    ...(image === undefined ? {} : {image: {...about, ...findings}}),
    diagnostics: diagnostics.map(diagnosticJson),
  }
}
