/** What an image says of how it is run: ENV of the finished image, LABEL, EXPOSE and so on, ENTRYPOINT, CMD. */
import type {Healthcheck, Setting, Stage} from '../../model/description.js'
import type {Template} from '../../model/template.js'
import {copyWord, writeCommand, writeEnv, writtenPair} from './write-parts.js'
import {flagValue, jsonArray, wordList} from './write-words.js'
import type {StageState, Writing} from './writing.js'

export function writeSettings(writing: Writing, stage: Stage, state: StageState): void {
  const {settings} = stage
  for (const variable of settings.env ?? []) writeEnv(writing, stage, state, [variable], variable.span)
  if (settings.maintainer !== undefined) writing.lines.push(`MAINTAINER ${settings.maintainer.value}`)
  for (const {name, value, span} of settings.labels ?? []) {
    const pair = writtenPair(writing, stage, state, name, value, span)
    if (pair !== undefined) writing.lines.push(`LABEL ${pair}`)
  }
  writeWords(writing, stage, state, 'EXPOSE', settings.expose)
  writeWords(writing, stage, state, 'VOLUME', settings.volumes)
  if (settings.stopSignal !== undefined) writeWords(writing, stage, state, 'STOPSIGNAL', [settings.stopSignal])
  if (settings.healthcheck !== undefined) writeHealthcheck(writing, stage, state, settings.healthcheck)
  for (const [name, setting] of [
    ['ENTRYPOINT', settings.entrypoint],
    ['CMD', settings.cmd],
  ] as const) {
    if (setting !== undefined) writeCommand(writing, stage, state, name, setting.value, setting.span)
  }
  if (settings.shell !== undefined && (!state.saidShell || jsonArray(settings.shell.value) !== jsonArray(state.shell))) {
    writing.lines.push(`SHELL ${jsonArray(settings.shell.value)}`)
    state.shell = settings.shell.value
  }
  // A stage of the same file that stands on this one has them among its own steps already (K77).
  const isParent =
    writing.parents === 'by name' && writing.written.some(({base}) => base.kind === 'stage' && base.index === stage.index)
  if (!isParent) for (const {value} of settings.onbuild ?? []) writing.lines.push(`ONBUILD ${value}`)
}

function writeWords(
  writing: Writing,
  stage: Stage,
  state: StageState,
  name: 'EXPOSE' | 'VOLUME' | 'STOPSIGNAL',
  settings: readonly Setting<Template>[] | undefined,
): void {
  if (settings === undefined || settings.length === 0) return
  const words = settings.map(({value, span}) => copyWord(writing, stage, state, value, span))
  if (!words.every(word => word !== undefined)) return
  writing.lines.push(`${name} ${name === 'VOLUME' ? wordList(words) : words.join(' ')}`)
}

function writeHealthcheck(writing: Writing, stage: Stage, state: StageState, {value, span}: Setting<Healthcheck>): void {
  if (value.kind === 'none') {
    writing.lines.push('HEALTHCHECK NONE')
    return
  }
  const flags = [
    ['interval', value.interval],
    ['timeout', value.timeout],
    ['start-period', value.startPeriod],
    ['start-interval', value.startInterval],
    ['retries', value.retries?.toString()],
  ] as const
  const text = flags.map(([name, time]) => (time === undefined ? '' : `--${name}=${flagValue(time)} `)).join('')
  writeCommand(writing, stage, state, 'CMD', value.command, span, `HEALTHCHECK ${text}`)
}
