/**
 * A stage of a definition file as a stage of a Dockerfile (K154, D57–D124). What COPY, RUN, ENV and ENTRYPOINT can
 * say the same way is said by them; what Apptainer works out while it builds is worked out by a RUN; the rest is refused.
 */
import {isRootUser} from '../../language/image-config.js'
import type {RunStep, Stage} from '../../model/description.js'
import {literal} from '../../model/template.js'
import {isPlainBase, KnownPaths} from './known-paths.js'
import {writeApps} from './write-apps.js'
import {writeBase} from './write-base.js'
import {writeFiles} from './write-files.js'
import {writtenPair} from './write-parts.js'
import {prepareRun, writePost} from './write-post.js'
import {writeEntry, writeEnvironment} from './write-runtime.js'
import {writeSettings} from './write-settings.js'
import {writeStep} from './write-steps.js'
import {testedName, writeTest} from './write-test.js'
import {type StageState, startState, type Writing, writeComment} from './writing.js'

export function writeDefinitionStage(writing: Writing, stage: Stage): void {
  refuseLost(writing, stage)
  const tested = testedName(writing, stage)
  writeBase(writing, stage, tested?.untested)
  const state = {...startState(writing, stage), start: writing.lines.length}
  if (tested !== undefined) prepareRun(writing, stage, state)
  const known = new KnownPaths(stage.base.kind === 'scratch', isPlainBase(stage))
  let install = writeApps(writing, stage, state, known)
  let environment = stage.settings.environment?.text ?? ''
  let labels = ''
  let atStart = false
  for (const step of stage.steps) {
    writeComment(writing, step.comment)
    if (step.rules === 'docker') writeStep(writing, stage, state, step)
    else if (step.kind === 'copy') writeFiles({writing, stage, state, known, step})
    else if (step.kind === 'run') {
      const writes = writePost(writing, stage, state, withInstall(step, install))
      if (step.where === 'image') install = ''
      if (writes?.environment === 'unknown') atStart = true
      else environment += `${environment === '' || environment.endsWith('\n') ? '' : '\n'}${writes?.environment ?? ''}`
      if (writes?.labels !== 'unknown') labels += writes?.labels ?? ''
    }
  }
  if (install !== '') writePost(writing, stage, state, {...postStep(stage), command: {kind: 'script', text: install}})
  writeEnvironment(writing, stage, state, {environment, atStart})
  const entry = writeEntry(writing, stage, state, {environment, atStart})
  writeLabels(writing, stage, state, labels)
  resetStart(writing, stage, state)
  writing.lines.push(...entry)
  const {settings} = stage
  if (stage.steps.some(step => step.rules === 'docker') || settings.entrypoint !== undefined || settings.cmd !== undefined)
    writeSettings(writing, {...stage, settings: {...settings, labels: []}}, state)
  writing.ends.set(stage.index, state)
  if (tested !== undefined) writeTest(writing, stage, tested)
}

/** D112: Apptainer starts an image as its caller and in the caller's folder, whatever the base's configuration says. */
function resetStart(writing: Writing, stage: Stage, state: StageState): void {
  if (state.prepared === true || isPlainBase(stage) || stage.base.kind !== 'image') return
  if (stage.base.config !== undefined && !isRootUser(stage.base.config.user)) writing.lines.push('USER 0')
  writing.lines.push('WORKDIR /')
}

/** What the apps install is the end of `%post` (D57). */
function withInstall(step: RunStep, install: string): RunStep {
  return step.where === 'host' || step.command.kind !== 'script'
    ? step
    : {...step, command: {kind: 'script', text: `${step.command.text}${install}`}}
}

function postStep(stage: Stage): Omit<RunStep, 'command'> {
  return {kind: 'run', rules: 'def', where: 'image', span: stage.nameSpan, section: {name: 'post', arguments: []}}
}

/** Keys that Apptainer sets itself before it looks at `%labels`, which then does not change them (D120, D121). */
const ownLabels = /^org\.label-schema\.(schema-version|build-date|build-arch|usage(\..*)?)$/

/** D121: what the script wrote wins, then what the base has, then `%labels`. */
function writeLabels(writing: Writing, stage: Stage, state: StageState, scripted: string): void {
  const inherited = stage.base.kind === 'image' ? stage.base.config?.labels : undefined
  const labels = new Map<string, string | undefined>()
  for (const line of scripted.split('\n')) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const blank = text.indexOf(' ')
    labels.set(blank === -1 ? text : text.slice(0, blank), blank === -1 ? '' : text.slice(blank + 1).trim())
  }
  const span = stage.nameSpan
  for (const [name, value] of labels) {
    if (ownLabels.test(name)) continue
    const pair = writtenPair(writing, stage, state, name, literal(value ?? ''), span)
    if (pair !== undefined) writing.lines.push(`LABEL ${pair}`)
  }
  for (const {name, value, span: place} of stage.settings.labels ?? []) {
    if (labels.has(name) || ownLabels.test(name) || inherited?.has(name) === true) continue
    const pair = writtenPair(writing, stage, state, name, value, place)
    if (pair !== undefined) writing.lines.push(`LABEL ${pair}`)
  }
}

/** Sections that mean nothing to Docker. */
function refuseLost(writing: Writing, stage: Stage): void {
  const {startscript, help} = stage.settings
  for (const [name, script, hint] of [
    ['%startscript', startscript, 'Docker has no instances; start the service with the container.'],
    ['%help', help, 'Tell it in a label.'],
  ] as const) {
    if (script !== undefined)
      writing.warn(stage, 'no-docker-equivalent', script.span, `${name} has no place in a Dockerfile and is left out.`, hint)
  }
}
