/** What the functions that read a stage share. */
import type {Node} from 'yaml'
import type {Lookup} from '../../language/words.js'
import type {Command, Settings} from '../../model/description.js'
import type {ReadOptions} from '../../model/format.js'
import type {Template} from '../../model/template.js'
import type {BuildArguments} from '../dockerfile/build-arguments.js'
import type {Problems} from '../dockerfile/problems.js'
import type {Scope} from '../dockerfile/scope.js'
import type {YamlDocument} from './document.js'
import {expandNode} from './expand.js'

/** What the stages of one description share while it is read. */
export interface Reading {
  readonly yaml: YamlDocument
  readonly problems: Problems
  readonly buildArguments: BuildArguments
  readonly args: Readonly<Record<string, string | null>>
  readonly indexOf: ReadonlyMap<string, number>
  readonly options: ReadOptions
}

/** A stage while it is read. */
export interface OpenStage {
  readonly scope: Scope
  workdir: Template
  shell: readonly string[]
  /** The shell as this stage itself sets it (K125). */
  ownShell: Settings['shell']
}

export function expandAll(reading: Reading, map: Node, values: Readonly<Record<string, string>>, lookup: Lookup) {
  const {yaml} = reading
  const node = yaml.resolved(map) ?? map
  return yaml.inOrder(values, [], node).flatMap(([name, text]) => {
    const place = yaml.node([name], node) ?? node
    const value = expandNode(reading, place, text, lookup)
    return value === undefined ? [] : [{name, value, span: yaml.pairSpan(yaml.key([name], node) ?? node, place)}]
  })
}

export function command(value: string | readonly string[], shell: readonly string[]): Command {
  return typeof value === 'string' ? {kind: 'shell', shell, text: value} : {kind: 'exec', argv: value}
}
