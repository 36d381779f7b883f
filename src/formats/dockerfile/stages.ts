/** The meaning layer (K57–K77; frontend/dockerfile/dockerfile2llb): instructions become stages. */
import type {Healthcheck, Setting, Settings, Stage} from '../../model/description.js'
import {normalizeReference, showImageReference} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {literal, plainText} from '../../model/template.js'
import {wordSpan} from './arguments.js'
import {endOf, type Ground, groundOf, type StageEnd} from './ground.js'
import {imageName} from './image-names.js'
import type {Instruction} from './instruction.js'
import {commentOf, expand, type OpenStage, quoteShort, type Reading, refuseValue} from './reading.js'
import {Scope} from './scope.js'
import {readStep} from './steps.js'
import {readTrigger} from './triggers.js'

type From = Extract<Instruction, {name: 'FROM'}>

/** Far above any real file; more of them would only cost time. */
const stageLimit = 1000
/** More stages on each other than an image may have layers. */
const depthLimit = 128

/** The stages in order, and what each leaves to others. Empty, with a syntax error, if the instructions make none. */
export function readStages(
  reading: Reading,
  instructions: readonly Instruction[],
): {readonly stage: Stage; readonly end: StageEnd}[] {
  const opened: OpenStage[] = []
  const nearestNamed = new Map<string, OpenStage>()
  for (const instruction of instructions) {
    if (reading.problems.tooMany) break
    if (instruction.name === 'FROM') {
      if (opened.length === stageLimit) {
        reading.problems.syntax(instruction.span, `more than ${stageLimit} stages in one file`, 'Split the file.')
        return []
      }
      const stage = openStage(reading, instruction, opened.length, nearestNamed)
      opened.push(stage)
      fireTriggers(reading, stage)
      if (stage.named) nearestNamed.set(stage.name, stage)
      continue
    }
    const stage = opened.at(-1)
    if (stage !== undefined) {
      readStep(reading, stage, instruction)
      stage.end = instruction.span
    } else if (instruction.name === 'ARG') readGlobal(reading, instruction)
    else {
      reading.problems.syntax(
        instruction.keyword,
        `no build stage in current context: ${instruction.name} comes before FROM`,
        'Start with FROM.',
      )
      return []
    }
  }
  return opened.map(stage => ({stage: closeStage(stage), end: endOf(stage)}))
}

/** The name a FROM gives its stage, and the place of the last stage of each name (K65, K70). */
export function lastNamed(instructions: readonly Instruction[]): {names: Map<string, number>; count: number} {
  const names = new Map<string, number>()
  let count = 0
  for (const instruction of instructions) {
    if (instruction.name !== 'FROM') continue
    if (instruction.as !== undefined) names.set(instruction.as.text.toLowerCase(), count)
    count += 1
  }
  return {names, count}
}

/** K57: `ARG` in front of the first FROM. */
function readGlobal(reading: Reading, instruction: Extract<Instruction, {name: 'ARG'}>): void {
  for (const argument of instruction.arguments) {
    const name = expand(reading, argument.name, reading.arguments.lookup)
    const value = argument.value && expand(reading, argument.value, reading.arguments.lookup)
    const text = name && plainText(name)
    if (text !== undefined) reading.arguments.declareGlobal(text, value)
  }
}

function openStage(reading: Reading, from: From, index: number, earlier: ReadonlyMap<string, OpenStage>): OpenStage {
  const name = stageName(reading, from) ?? `stage-${index}`
  const parent = readBase(reading, from, earlier)
  const platform = readPlatform(reading, from)
  const scope = new Scope(parent.scope)
  if (scope.depth > depthLimit) {
    reading.problems.syntax(
      from.span,
      `more than ${depthLimit} stages stand on each other here`,
      'Docker allows no image that deep.',
    )
  }
  return {
    name,
    index,
    named: from.as !== undefined,
    from,
    nameSpan: from.as === undefined ? from.span : wordSpan(from.as),
    base: parent.base,
    platform,
    scope,
    steps:
      parent.scope.kind === 'stage'
        ? []
        : reading.arguments
            .proxies()
            .map(({name, value}) => ({kind: 'arg', rules: 'docker', span: from.span, name, value: literal(value)})),
    settings: {},
    labels: new Map(),
    workdir: parent.workdir,
    shell: parent.shell,
    triggers: parent.triggers,
    end: from.span,
  }
}

/** K65, K69. */
function stageName(reading: Reading, from: From): string | undefined {
  if (from.as === undefined) return undefined
  const name = from.as.text.toLowerCase()
  const span = wordSpan(from.as)
  if (!/^[a-z][a-z0-9-_.]*$/.test(name)) {
    const message = `invalid name for build stage: ${quoteShort(from.as.text)}, name can't start with a number or contain symbols`
    reading.problems.syntax(span, message, 'A name starts with a letter and goes on with letters, digits, `-`, `_` and `.`.')
  }
  if (name === 'scratch' || name === 'context') {
    const message = `A stage must not be called ${name}: a later ${name === 'scratch' ? 'FROM scratch' : 'reference to the build context'} would mean it.`
    reading.problems.add('reserved-stage-name', 'error', span, message, 'Choose another name.', name)
  }
  return name
}

/** K66–K68: an earlier stage of that very name, else `scratch`, else an image. */
function readBase(reading: Reading, from: From, earlier: ReadonlyMap<string, OpenStage>): Ground {
  const {rebase} = reading
  if (rebase?.froms.has(from) === true) return rebase.ground
  const span = wordSpan(from.image)
  const template = expand(reading, from.image, reading.arguments.lookup)
  const name = template === undefined ? undefined : plainText(template)
  // After a problem the stage is read all the same, to find what else is wrong.
  const nothing = groundOf({kind: 'scratch', span})
  if (name === undefined) return nothing
  if (name === '') {
    const hint = 'Give its variable a value: ARG above the first FROM with a default, or --build-arg.'
    refuseValue(reading, from.image, `base name (${from.image.text}) should not be blank`, hint)
    return nothing
  }
  const stage = earlier.get(name)
  if (stage !== undefined) return {base: {kind: 'stage', name, index: stage.index, span}, ...endOf(stage)}
  if (name === 'scratch') return nothing
  const image = imageName(name)
  if (image.kind === 'image') {
    const {reference} = image
    const normalized = normalizeReference(showImageReference(reference))
    const replaced = reading.images.get(normalized)
    if (replaced !== undefined) return replaced.ground
    const config = reading.configs.get(normalized)
    return groundOf({kind: 'image', reference, span, ...(config === undefined ? {} : {config})})
  }
  const lower = name.toLowerCase()
  refuseValue(
    reading,
    from.image,
    image.message,
    earlier.has(lower) ? `The stage is called ${lower}: FROM minds the case.` : image.hint,
  )
  return nothing
}

/** K77: the triggers of what a stage starts from run first, in its own name and at its FROM. */
function fireTriggers(reading: Reading, stage: OpenStage): void {
  for (const trigger of stage.triggers) {
    const instruction = readTrigger(reading, trigger, stage.from.span)
    if (instruction !== undefined) readStep(reading, stage, instruction)
  }
}

function readPlatform(reading: Reading, from: From): string | undefined {
  const flag = from.flags.find(candidate => candidate.name === 'platform')
  const template = flag && expand(reading, flag.value, reading.arguments.lookup)
  const platform = template && plainText(template)
  if (flag === undefined || platform === undefined) return undefined
  if (platform === '') {
    refuseValue(
      reading,
      flag.value,
      `the platform ${quoteShort(flag.value.text)} is empty after substitution`,
      'Write --platform=linux/amd64.',
    )
    return undefined
  }
  return platform
}

function closeStage(stage: OpenStage): Stage {
  const span: Span = {file: stage.from.span.file, start: stage.from.span.start, end: stage.end.end}
  const labels = [...stage.labels].map(([name, {value, span: where}]) => ({name, value, span: where}))
  const {healthcheck} = stage.settings
  const settings: Settings = {
    ...stage.settings,
    ...(labels.length === 0 ? {} : {labels}),
    ...(healthcheck === undefined ? {} : {healthcheck: withShell(healthcheck, stage.shell)}),
  }
  return {
    name: stage.name,
    index: stage.index,
    named: stage.named,
    rules: 'docker',
    span,
    nameSpan: stage.nameSpan,
    base: stage.base,
    steps: stage.steps,
    settings,
    ...(stage.platform === undefined ? {} : {platform: stage.platform}),
    ...commentOf(stage.from),
  }
}

/** K125: the shell form of a HEALTHCHECK is run by the shell that the image is left with. */
function withShell({value, span}: Setting<Healthcheck>, shell: readonly string[]): Setting<Healthcheck> {
  if (value.kind === 'none' || value.command.kind !== 'shell') return {value, span}
  return {value: {...value, command: {...value.command, shell}}, span}
}
