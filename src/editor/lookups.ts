/** What a place in a description means: a finding's rule, a stage. */

import {type DocumentSymbol, type Hover, type Location, MarkupKind, type Position, SymbolKind} from 'vscode-languageserver'
import {type Description, type Diagnostic, explain, type Stage} from '../index.js'
import {showBase} from '../model/base-name.js'
import type {Span} from '../model/span.js'
import {showTemplate} from '../model/template.js'
import {ruleMarkdown} from '../reports/rule-page.js'
import {visible} from '../reports/visible.js'
import {isIn, rangeOf} from './ranges.js'

/** A stage that a place names. */
interface Named {
  readonly stage: Stage
  readonly span: Span
}

/** Every place that names a stage: its own name, copies from it, bases on it. */
function namesOf(description: Description): Named[] {
  const named = (index: number | undefined, span: Span): Named[] => {
    const stage = index === undefined ? undefined : description.stages[index]
    return stage === undefined ? [] : [{stage, span}]
  }
  return description.stages.flatMap(stage => [
    {stage, span: stage.nameSpan},
    ...(stage.base.kind === 'stage' ? named(stage.base.index, stage.base.span) : []),
    ...stage.steps.flatMap(step =>
      step.kind === 'copy' && step.from.kind === 'stage' ? named(step.from.index, step.from.span) : [],
    ),
  ])
}

/** The smallest of the spans around a place. */
function at(description: Description, file: string, position: Position): Named | undefined {
  return namesOf(description).find(({span}) => span.file === file && isIn(position, span))
}

/** Text of a description in a line of Markdown. */
function code(text: string): string {
  return `\`\`${visible(text).replaceAll('`', "'")} \`\``
}

/** What a stage starts from, and what others take from it. */
function stageMarkdown({stage, description}: {readonly stage: Stage; readonly description: Description}): string {
  const taken = description.stages.flatMap(consumer =>
    consumer.steps.flatMap(step =>
      step.kind === 'copy' && step.from.kind === 'stage' && step.from.index === stage.index
        ? [`- ${code(consumer.name)} takes ${step.sources.map(each => code(showTemplate(each.path))).join(', ')}`]
        : [],
    ),
  )
  const lines = [`**stage** ${code(stage.name)}, from ${code(showBase(stage.base))}`, ...(stage.comment ?? []).map(visible)]
  return [lines.join('\n\n'), ...(taken.length === 0 ? [] : [taken.join('\n')])].join('\n\n')
}

/** The pages of the rules whose findings are there; else the stage that is named. */
export async function hover(
  file: string,
  position: Position,
  diagnostics: readonly Diagnostic[],
  description: Description | undefined,
): Promise<Hover | undefined> {
  const found = diagnostics.filter(each => each.span.file === file && isIn(position, each.span))
  const pages = await Promise.all([...new Set(found.map(each => each.rule))].map(explain))
  const texts = pages.flatMap(({rule}) => (rule === undefined ? [] : [ruleMarkdown(rule)]))
  if (texts.length > 0) return {contents: {kind: MarkupKind.Markdown, value: texts.join('\n\n---\n\n')}}
  const named = description === undefined ? undefined : at(description, file, position)
  if (named === undefined || description === undefined) return undefined
  return {
    contents: {kind: MarkupKind.Markdown, value: stageMarkdown({stage: named.stage, description})},
    range: rangeOf(named.span),
  }
}

/** Where the stage begins that a place names. */
export function definition(uri: string, file: string, position: Position, description: Description): Location | undefined {
  const found = at(description, file, position)
  // A stage of another file is looked up there.
  return found === undefined || found.stage.nameSpan.file !== file ? undefined : {uri, range: rangeOf(found.stage.nameSpan)}
}

/** The stages of a file, for its outline. */
export function symbols(file: string, {stages}: Description): DocumentSymbol[] {
  return stages
    .filter(({span}) => span.file === file)
    .map(stage => ({
      name: visible(stage.name),
      detail: `from ${visible(showBase(stage.base))}`,
      kind: SymbolKind.Module,
      range: rangeOf(stage.span),
      selectionRange: rangeOf(stage.nameSpan),
    }))
}
