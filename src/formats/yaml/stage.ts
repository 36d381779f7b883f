/** A stage in docker's rules: what its keys and steps mean (K50-K63, K81-K86, K113-K125). */
import type {Node} from 'yaml'
import {type Locate, rememberPlaces} from '../../language/places.js'
import type {RunStep, Stage, Step} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {endOf, groundOf, type StageEnd} from '../dockerfile/ground.js'
import {Scope} from '../dockerfile/scope.js'
import {folderAfter, joinPath} from '../dockerfile/template-paths.js'
import {expandGlobal, readBase} from './base.js'
import {type Own, readAdd, readCopy, readWrite} from './copies.js'
import {expandNode} from './expand.js'
import {readMounts} from './mounts.js'
import {valueOffsets} from './offsets.js'
import type {RawStep, ShallowStage} from './read.js'
import {command, expandAll, type OpenStage, type Reading} from './reading.js'
import type {StepInput} from './schema.js'
import {readSettings} from './settings.js'

interface StageText {
  readonly name: string
  readonly index: number
  readonly key: Node
  readonly node: Node
  readonly stage: ShallowStage
  readonly steps: readonly RawStep[]
}

export function readStage(reading: Reading, text: StageText, parent: StageEnd | undefined): {stage: Stage; end: StageEnd} {
  const {yaml} = reading
  const {name, index, key, node, stage: input} = text
  const base = readBase(reading, input.from, yaml.node(['from'], node) ?? node, name)
  const ground = parent ?? groundOf(base)
  const open: OpenStage = {
    scope: new Scope(ground.scope),
    workdir: ground.workdir,
    shell: input.shell ?? ground.shell,
    ownShell: input.shell === undefined ? undefined : {value: input.shell, span: yaml.span(yaml.node(['shell'], node) ?? node)},
  }
  const steps: Step[] = [...argSteps(reading, open), ...text.steps.flatMap(step => readStep(reading, open, step))]
  const settings = readSettings(reading, open, node, input)
  const platformNode = yaml.node(['platform'], node)
  const platform =
    input.platform === undefined || platformNode === undefined ? undefined : expandGlobal(reading, platformNode, input.platform)
  return {
    // Its `onbuild` is for images that start from the finished one, not for stages of this description.
    end: endOf({...open, settings: {}}),
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
  if ('run' in input) return [readRun(reading, open, node, input, own)]
  if ('copy' in input) return readCopy(reading, open, node, input, own)
  if ('add' in input) return readAdd(reading, open, node, input, own)
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

/** K23, K113, K114. */
function runPlaces(yaml: Reading['yaml'], node: Node): Locate {
  let offsets: ((offset: number) => number) | undefined
  return (from, to) => {
    offsets ??= valueOffsets(yaml.index.text, yaml.resolved(node) ?? node)
    const start = offsets(from)
    return yaml.index.span(start, to > from ? Math.max(start, offsets(to - 1) + 1) : start)
  }
}

function readRun(reading: Reading, open: OpenStage, node: Node, input: Extract<StepInput, {run: unknown}>, own: Own): RunStep {
  const {yaml, problems} = reading
  const mounts = input.mounts === undefined ? [] : readMounts(reading, open, node, input.mounts)
  const {run, script} = input
  if (script !== undefined && (typeof run !== 'string' || !run.startsWith('#!'))) {
    const span = yaml.span(yaml.node(['script'], node) ?? node)
    problems.syntax(
      span,
      'Only a text that starts with "#!" can be run as a file.',
      'Leave "script" out; the shell runs the text.',
    )
  }
  return {
    ...own,
    kind: 'run',
    where: 'image',
    command: rememberPlaces(
      script === undefined || typeof run !== 'string'
        ? command(run, open.shell)
        : ({kind: 'file', shell: open.shell, name: script, text: run} as const),
      runPlaces(yaml, yaml.node(['run'], node) ?? node),
    ),
    ...(mounts.length === 0 ? {} : {mounts}),
    ...(input.network === undefined || input.network === 'default' ? {} : {network: input.network}),
    ...(input.insecure === 'true' ? {insecure: true} : {}),
  }
}
