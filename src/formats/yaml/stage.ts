/** A stage in docker's rules: what its keys and steps mean (K50-K63, K81-K86, K113-K125). */
import {isSeq, type Node} from 'yaml'
import type {Lookup} from '../../language/words.js'
import type {Command, CopyOrigin, CopySource, CopyStep, Expectation, Settings, Stage, Step} from '../../model/description.js'
import {literal, plainText, type Template} from '../../model/template.js'
import type {BuildArguments} from '../dockerfile/build-arguments.js'
import type {Problems} from '../dockerfile/problems.js'
import {Scope} from '../dockerfile/scope.js'
import {destinationPath, folderAfter, joinPath, startFolder} from '../dockerfile/template-paths.js'
import {expandGlobal, readBase, readReference} from './base.js'
import type {YamlDocument} from './document.js'
import {expandNode} from './expand.js'
import {sourcePath} from './paths.js'
import type {RawStep, ShallowStage} from './read.js'
import type {StepInput} from './schema.js'

/** What the stages of one description share while it is read. */
export interface Reading {
  readonly yaml: YamlDocument
  readonly problems: Problems
  readonly buildArguments: BuildArguments
  readonly args: Readonly<Record<string, string | null>>
  readonly indexOf: ReadonlyMap<string, number>
}

/** What a stage that starts from this one goes on with (K76). */
export interface OpenStage {
  readonly scope: Scope
  workdir: Template
  shell: readonly string[]
  /** The shell as this stage itself sets it (K125). */
  ownShell: Settings['shell']
}

interface StageText {
  readonly name: string
  readonly index: number
  readonly key: Node
  readonly node: Node
  readonly stage: ShallowStage
  readonly steps: readonly RawStep[]
}

export const defaultShell: readonly string[] = ['/bin/sh', '-c']

export function readStage(reading: Reading, text: StageText, parent: OpenStage | undefined): {stage: Stage; open: OpenStage} {
  const {yaml} = reading
  const {name, index, key, node, stage: input} = text
  const base = readBase(reading, input.from, yaml.node(['from'], node) ?? node, name)
  const open: OpenStage = {
    scope: new Scope(
      parent !== undefined
        ? {kind: 'stage', scope: parent.scope}
        : base.kind === 'scratch'
          ? {kind: 'scratch'}
          : {kind: 'image', config: base.kind === 'image' ? base.config : undefined},
    ),
    workdir: parent?.workdir ?? startFolder(base),
    shell: input.shell ?? parent?.shell ?? (base.kind === 'image' ? base.config?.shell : undefined) ?? defaultShell,
    ownShell: input.shell === undefined ? undefined : {value: input.shell, span: yaml.span(yaml.node(['shell'], node) ?? node)},
  }
  const steps: Step[] = [...argSteps(reading, open), ...text.steps.flatMap(step => readStep(reading, open, step))]
  const settings = readSettings(reading, open, node, input)
  const platformNode = yaml.node(['platform'], node)
  const platform =
    input.platform === undefined || platformNode === undefined ? undefined : expandGlobal(reading, platformNode, input.platform)
  return {
    open,
    stage: {
      name,
      index,
      named: true,
      rules: 'docker',
      span: yaml.pairSpan(key, node),
      nameSpan: yaml.span(key),
      base,
      steps,
      settings,
      ...(platform === undefined ? {} : {platform}),
      ...yaml.commentAbove(key),
    },
  }
}

/** `args` hold in every stage, from its start. */
function argSteps({yaml, args, buildArguments}: Reading, open: OpenStage): Step[] {
  return yaml.inOrder(args, ['args']).map(([name]) => {
    const value = buildArguments.valueInStage(name, undefined)
    open.scope.setArg(name, value)
    const node = yaml.key(['args', name]) ?? yaml.root
    return {kind: 'arg', rules: 'docker', span: yaml.pairSpan(node, yaml.node(['args', name])), name, value}
  })
}

function readStep(reading: Reading, open: OpenStage, {node, input}: RawStep): Step[] {
  const {yaml} = reading
  const own = {rules: 'docker', span: yaml.span(node), ...yaml.commentAbove(node)} as const
  const at = (...path: string[]) => yaml.node(path, node) ?? node
  const filled = (text: string, ...path: string[]) => expandNode(reading, at(...path), text, open.scope.lookup)
  if ('run' in input) return [{...own, kind: 'run', where: 'image', command: command(input.run, open.shell)}]
  if ('copy' in input) return readCopy(reading, open, node, input, own)
  if ('write' in input) return readWrite(reading, open, node, input, own)
  if ('env' in input) {
    const variables = expandAll(reading, at('env'), input.env, open.scope.lookup)
    // K50: all values are filled in before any is set.
    for (const {name, value} of variables) open.scope.setEnv(name, value)
    return [{...own, kind: 'env', variables: variables.map(({name, value}) => ({name, value}))}]
  }
  if ('arg' in input) {
    return yaml.inOrder(input.arg, ['arg'], node).map(([name, text]) => {
      const value = reading.buildArguments.valueInStage(name, text === null ? undefined : filled(text, 'arg', name))
      open.scope.setArg(name, value)
      return {...own, kind: 'arg', name, value}
    })
  }
  if ('workdir' in input) {
    const path = filled(input.workdir, 'workdir')
    if (path === undefined) return []
    const folder = joinPath(open.workdir, path)
    open.workdir = folderAfter(folder)
    return [{...own, kind: 'workdir', path: folder}]
  }
  if ('user' in input) {
    const user = filled(input.user, 'user')
    if (user === undefined) return []
    if (plainText(user) === '') {
      reading.problems.syntax(yaml.span(at('user')), 'The user is empty.', 'Write a name or a number.')
      return []
    }
    return [{...own, kind: 'user', user}]
  }
  open.shell = input.shell
  open.ownShell = {value: input.shell, span: own.span}
  return []
}

type Own = Pick<CopyStep, 'rules' | 'span' | 'comment'>

function readCopy(reading: Reading, open: OpenStage, node: Node, input: Extract<StepInput, {copy: unknown}>, own: Own): Step[] {
  const {yaml, problems} = reading
  const from = readOrigin(reading, node, input.from)
  const list = yaml.resolved(yaml.node(['copy'], node))
  const texts = typeof input.copy === 'string' ? [input.copy] : input.copy
  if (texts.length === 0) problems.syntax(yaml.span(list ?? node), 'The list "copy" is empty: there is nothing to copy.')
  const sources = texts.flatMap((text, i): CopySource[] => {
    const item = (isSeq(list) ? yaml.node([i], list) : yaml.node(['copy'], node)) ?? node
    const path = expandNode(reading, item, text, open.scope.lookup)
    if (path === undefined) return []
    if (plainText(path) === '') {
      problems.syntax(
        yaml.span(item),
        'This source is empty, which would mean everything.',
        'Write "." for everything, or give the variable a value.',
      )
      return []
    }
    return [{path: sourcePath(path, from.kind === 'context' ? 'context' : 'image'), span: yaml.span(item)}]
  })
  const placing = readPlacing(reading, open, node, input)
  return placing === undefined
    ? []
    : [{...own, kind: 'copy', from, sources, ...placing, ...readExpectation(yaml, node, input.expect)}]
}

/** K74: no variables in the name of a stage. */
function readOrigin(reading: Reading, node: Node, from: Extract<StepInput, {copy: unknown}>['from']): CopyOrigin {
  const {yaml, problems} = reading
  const place = yaml.node(['from'], node)
  if (from === undefined || place === undefined) return {kind: 'context'}
  if (typeof from === 'string') {
    const span = yaml.span(place)
    if (from.includes('$')) {
      problems.syntax(
        span,
        'The name of a stage cannot have variables here.',
        'Write the name itself. An image may have them: {image: …}.',
      )
    }
    return {kind: 'stage', name: from, index: reading.indexOf.get(from), span}
  }
  const image = yaml.node(['image'], yaml.resolved(place)) ?? place
  const span = yaml.span(image)
  const text = expandGlobal(reading, image, from.image)
  const reference = text === undefined ? undefined : readReference(reading, text, span)
  // After a problem no description is made; the rest of the step is looked at all the same.
  return reference === undefined ? {kind: 'stage', name: from.image, index: undefined, span} : {kind: 'image', reference, span}
}

function readWrite(reading: Reading, open: OpenStage, node: Node, input: Extract<StepInput, {write: unknown}>, own: Own): Step[] {
  const {yaml, problems} = reading
  const placing = readPlacing(reading, open, node, input)
  if (placing === undefined) return []
  const place = yaml.node(['write'], node) ?? node
  if (typeof input.write === 'string') {
    const path = placing.destination.path.map(part => (typeof part === 'string' ? part : part.variable)).join('')
    const name = path.slice(path.lastIndexOf('/') + 1)
    if (name === '') {
      problems.syntax(
        placing.destination.span,
        'The file needs a name.',
        'Write "to: FOLDER/NAME", or name the text: "write: {NAME: TEXT}".',
      )
      return []
    }
    return [
      {
        ...own,
        kind: 'copy',
        from: {kind: 'inline', files: [{name, text: literal(input.write)}]},
        sources: [{path: literal(name), span: yaml.span(place)}],
        ...placing,
      },
    ]
  }
  const files = yaml.inOrder(input.write, ['write'], node).map(([name, text]) => ({name, text: literal(text)}))
  if (files.length === 0) {
    problems.syntax(yaml.span(place), 'The map "write" is empty: there is nothing to write.')
    return []
  }
  const sources = files.map(({name}) => ({path: literal(name), span: yaml.span(yaml.key([name], yaml.resolved(place)) ?? place)}))
  return [{...own, kind: 'copy', from: {kind: 'inline', files}, sources, ...placing}]
}

type Placing = Pick<CopyStep, 'chown' | 'chmod'> & {readonly destination: NonNullable<CopyStep['destination']>}

function readPlacing(
  reading: Reading,
  open: OpenStage,
  node: Node,
  input: {readonly to: string; readonly chown?: string | undefined; readonly chmod?: string | undefined},
): Placing | undefined {
  const {yaml, problems} = reading
  const filled = (key: string, text: string | undefined) =>
    text === undefined ? [] : expandNode(reading, yaml.node([key], node) ?? node, text, open.scope.lookup)
  const to = filled('to', input.to)
  const chown = filled('chown', input.chown)
  const chmod = filled('chmod', input.chmod)
  if (to === undefined || chown === undefined || chmod === undefined) return undefined
  const mode = plainText(chmod)
  if (
    mode !== undefined &&
    mode !== '' &&
    !/^0?[0-7]{1,4}$|^[ugoa]*([-+=]([rwxXst]*|[ugo]))+(,[ugoa]*([-+=]([rwxXst]*|[ugo]))+)*$/.test(mode)
  ) {
    problems.syntax(
      yaml.span(yaml.node(['chmod'], node) ?? node),
      `${JSON.stringify(mode)} is no mode.`,
      'Write it in octal (0755), or as chmod(1) has it (u+x).',
    )
  }
  return {
    destination: {path: destinationPath(open.workdir, to), span: yaml.span(yaml.node(['to'], node) ?? node)},
    ...(plainText(chown) === '' ? {} : {chown}),
    ...(mode === '' ? {} : {chmod}),
  }
}

function readExpectation(
  yaml: YamlDocument,
  node: Node,
  expect: Extract<StepInput, {copy: unknown}>['expect'],
): {expect?: Expectation} {
  const place = yaml.node(['expect'], node)
  if (expect === undefined || place === undefined) return {}
  const {kind, executable} = expect
  return {
    expect: {
      ...(kind === undefined ? {} : {kind}),
      ...(executable === undefined ? {} : {executable: executable === 'true'}),
      span: yaml.span(place),
    },
  }
}

/** What the finished image is told; the shell is the last one that the steps set (K123). */
function readSettings(reading: Reading, open: OpenStage, node: Node, input: ShallowStage): Settings {
  const {yaml} = reading
  const value = <T>(key: keyof ShallowStage, map: T) => ({value: map, span: yaml.span(yaml.node([key], node) ?? node)})
  const script = (key: 'test' | 'help', text: string) => ({text, span: yaml.span(yaml.node([key], node) ?? node)})
  const env = input.env === undefined ? [] : expandAll(reading, yaml.node(['env'], node) ?? node, input.env, open.scope.lookup)
  for (const {name, value: set} of env) open.scope.setEnv(name, set)
  const labels =
    input.labels === undefined ? [] : expandAll(reading, yaml.node(['labels'], node) ?? node, input.labels, open.scope.lookup)
  return {
    ...(env.length === 0 ? {} : {env}),
    ...(labels.length === 0 ? {} : {labels}),
    ...(input.entrypoint === undefined ? {} : {entrypoint: value('entrypoint', command(input.entrypoint, open.shell))}),
    ...(input.cmd === undefined ? {} : {cmd: value('cmd', command(input.cmd, open.shell))}),
    ...(open.ownShell === undefined ? {} : {shell: open.ownShell}),
    ...(input.test === undefined ? {} : {test: script('test', input.test)}),
    ...(input.help === undefined ? {} : {help: script('help', input.help)}),
  }
}

function expandAll(reading: Reading, map: Node, values: Readonly<Record<string, string>>, lookup: Lookup) {
  const {yaml} = reading
  const node = yaml.resolved(map) ?? map
  return yaml.inOrder(values, [], node).flatMap(([name, text]) => {
    const place = yaml.node([name], node) ?? node
    const value = expandNode(reading, place, text, lookup)
    return value === undefined ? [] : [{name, value, span: yaml.pairSpan(yaml.key([name], node) ?? node, place)}]
  })
}

function command(value: string | readonly string[], shell: readonly string[]): Command {
  return typeof value === 'string' ? {kind: 'shell', shell, text: value} : {kind: 'exec', argv: value}
}
