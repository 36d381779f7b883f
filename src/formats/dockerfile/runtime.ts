/** What an image says of how it is run: EXPOSE, VOLUME, STOPSIGNAL, HEALTHCHECK, MAINTAINER, ONBUILD (K37, K126, K127). */
import {durationTrouble} from '../../language/durations.js'
import {isSignal} from '../../language/signals.js'
import type {Healthcheck, Setting} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {wordSpan} from './arguments.js'
import type {Instruction} from './instruction.js'
import {expand, type OpenStage, quoteShort, type Reading, refuseValue} from './reading.js'
import {readCommand} from './runs.js'

type Of<Name extends Instruction['name']> = Extract<Instruction, {name: Name}>

/** K48: what a variable holds is split into words again. */
export function readExpose(reading: Reading, stage: OpenStage, instruction: Of<'EXPOSE'>): void {
  const found: Setting<Template>[] = []
  for (const word of instruction.words) {
    const value = expand(reading, word, stage.scope.lookup)
    if (value === undefined) continue
    const span = wordSpan(word)
    const text = plainText(value)
    if (text === undefined) found.push({value, span})
    for (const port of text?.split(/\s+/) ?? []) {
      if (port === '') continue
      const message = portTrouble(port)
      if (message !== undefined) refuseValue(reading, word, message, 'Write PORT, FIRST-LAST or PORT/udp.')
      else found.push({value: [port], span})
    }
  }
  if (found.length > 0) stage.settings = {...stage.settings, expose: [...(stage.settings.expose ?? []), ...found]}
}

/** `[ip:][hostPort:]containerPort[/proto]`, ports as numbers or ranges (github.com/docker/go-connections/nat). */
function portTrouble(text: string): string | undefined {
  const [ports = '', protocol, more] = text.split('/')
  if (more !== undefined || (protocol !== undefined && !/^(tcp|udp|sctp|)$/i.test(protocol))) return `invalid proto: ${protocol}`
  const port = ports.slice(ports.lastIndexOf(':') + 1)
  const range = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(port)
  if (range === null) return `invalid containerPort: ${port}`
  const [first, last] = [Number(range[1]), Number(range[2] ?? range[1])]
  return last < first || last > 65_535 ? `invalid containerPort: ${port}` : undefined
}

export function readVolume(reading: Reading, stage: OpenStage, instruction: Of<'VOLUME'>): void {
  const found: Setting<Template>[] = []
  for (const word of instruction.words) {
    const value = expand(reading, word, stage.scope.lookup)
    if (value === undefined) continue
    const span = wordSpan(word)
    if (plainText(value)?.trim() === '')
      refuseValue(reading, word, 'VOLUME specified can not be an empty string', 'Give the variable a value with ARG or ENV.')
    else found.push({value, span})
  }
  if (found.length > 0) stage.settings = {...stage.settings, volumes: [...(stage.settings.volumes ?? []), ...found]}
}

export function readStopSignal(reading: Reading, stage: OpenStage, instruction: Of<'STOPSIGNAL'>): void {
  const value = expand(reading, instruction.value, stage.scope.lookup)
  if (value === undefined) return
  const text = plainText(value)
  if (text !== undefined && !isSignal(text)) {
    refuseValue(reading, instruction.value, `invalid signal: ${text}`, 'Write a name such as SIGINT, or a number.')
    return
  }
  stage.settings = {...stage.settings, stopSignal: {value, span: instruction.span}}
}

export function readHealthcheck(reading: Reading, stage: OpenStage, instruction: Of<'HEALTHCHECK'>): void {
  const {span} = instruction
  if (instruction.test === undefined) {
    stage.settings = {...stage.settings, healthcheck: {value: {kind: 'none'}, span}}
    return
  }
  const times: {interval?: string; timeout?: string; startPeriod?: string; startInterval?: string; retries?: number} = {}
  for (const {name, value} of instruction.flags) {
    const message = name === 'retries' ? retriesTrouble(value.text) : durationTrouble(name, value.text)
    if (message !== undefined) {
      const hint = name === 'retries' ? 'Write a number.' : 'Write a time such as 30s or 1m30s.'
      reading.problems.syntax(wordSpan(value), message, hint)
      return
    }
    if (value.text === '') continue
    if (name === 'interval' || name === 'timeout') times[name] = value.text
    else if (name === 'start-period') times.startPeriod = value.text
    else if (name === 'start-interval') times.startInterval = value.text
    else times.retries = Number(value.text)
  }
  const command = readCommand(stage, instruction.test)
  const healthcheck: Healthcheck = {kind: 'command', command, ...times}
  stage.settings = {...stage.settings, healthcheck: {value: healthcheck, span}}
}

function retriesTrouble(text: string): string | undefined {
  if (text === '') return undefined
  if (!/^[-+]?\d{1,9}$/.test(text)) return `strconv.ParseInt: parsing ${quoteShort(text)}: invalid syntax`
  return Number(text) < 0 ? `--retries cannot be negative (${Number(text)})` : undefined
}

export function readMaintainer(stage: OpenStage, instruction: Of<'MAINTAINER'>): void {
  stage.settings = {...stage.settings, maintainer: {value: instruction.value.text, span: instruction.span}}
}

export function readOnbuild(stage: OpenStage, instruction: Of<'ONBUILD'>): void {
  const {trigger: value, span} = instruction
  stage.settings = {...stage.settings, onbuild: [...(stage.settings.onbuild ?? []), {value, span}]}
}
