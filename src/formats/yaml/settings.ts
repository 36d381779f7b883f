/** What a stage says of the finished image (K56, K123–K127). */
import type {Node} from 'yaml'
import {durationTrouble} from '../../language/durations.js'
import {isSignal} from '../../language/signals.js'
import type {Healthcheck, Settings} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {expandNode} from './expand.js'
import type {ShallowStage} from './read.js'
import {command, expandAll, type OpenStage, type Reading} from './reading.js'

/** What the finished image is told; the shell is the last one that the steps set (K123). */
export function readSettings(reading: Reading, open: OpenStage, node: Node, input: ShallowStage): Settings {
  const {yaml} = reading
  const value = <T>(key: keyof ShallowStage, map: T) => ({value: map, span: yaml.span(yaml.node([key], node) ?? node)})
  const script = (key: 'test' | 'help', text: string) => ({text, span: yaml.span(yaml.node([key], node) ?? node)})
  const item = (key: string, i: number) => yaml.span(yaml.node([key, i], node) ?? node)
  const list = (key: 'expose' | 'volumes', texts: readonly string[]) =>
    texts.flatMap((text, i) => {
      const filled = expandNode(reading, yaml.node([key, i], node) ?? node, text, open.scope.lookup)
      return filled === undefined ? [] : [{value: filled, span: item(key, i)}]
    })
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
    ...(input.expose === undefined ? {} : {expose: list('expose', input.expose)}),
    ...(input.volumes === undefined ? {} : {volumes: list('volumes', input.volumes)}),
    ...(input['stop-signal'] === undefined ? {} : readStopSignal(reading, open, node, input['stop-signal'])),
    ...(input.healthcheck === undefined ? {} : readHealthcheck(reading, open, node, input.healthcheck)),
    ...(input.maintainer === undefined ? {} : {maintainer: value('maintainer', input.maintainer)}),
    ...(input.onbuild === undefined ? {} : {onbuild: input.onbuild.map((text, i) => ({value: text, span: item('onbuild', i)}))}),
    ...(input.test === undefined ? {} : {test: script('test', input.test)}),
    ...(input.help === undefined ? {} : {help: script('help', input.help)}),
  }
}

function readStopSignal(reading: Reading, open: OpenStage, node: Node, text: string): Pick<Settings, 'stopSignal'> {
  const {yaml, problems} = reading
  const place = yaml.node(['stop-signal'], node) ?? node
  const value = expandNode(reading, place, text, open.scope.lookup)
  if (value === undefined) return {}
  const plain = plainText(value)
  if (plain !== undefined && !isSignal(plain))
    problems.syntax(yaml.span(place), `${JSON.stringify(plain)} is no signal.`, 'Write a name such as SIGINT, or a number.')
  return {stopSignal: {value, span: yaml.span(place)}}
}

function readHealthcheck(
  {yaml, problems}: Reading,
  open: OpenStage,
  node: Node,
  input: NonNullable<ShallowStage['healthcheck']>,
): Pick<Settings, 'healthcheck'> {
  const place = yaml.resolved(yaml.node(['healthcheck'], node)) ?? node
  const span = yaml.span(place)
  if (input === 'none') return {healthcheck: {value: {kind: 'none'}, span}}
  for (const key of ['interval', 'timeout', 'start-period', 'start-interval'] as const) {
    const trouble = durationTrouble(key, input[key] ?? '')
    if (trouble !== undefined)
      problems.syntax(yaml.span(yaml.node([key], place) ?? place), `${trouble}.`, 'Write a time such as 30s or 1m30s.')
  }
  const value: Healthcheck = {
    kind: 'command',
    command: command(input.test, open.shell),
    ...(input.interval === undefined ? {} : {interval: input.interval}),
    ...(input.timeout === undefined ? {} : {timeout: input.timeout}),
    ...(input['start-period'] === undefined ? {} : {startPeriod: input['start-period']}),
    ...(input['start-interval'] === undefined ? {} : {startInterval: input['start-interval']}),
    ...(input.retries === undefined ? {} : {retries: Number(input.retries)}),
  }
  return {healthcheck: {value, span}}
}
