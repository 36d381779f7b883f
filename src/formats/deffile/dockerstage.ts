/** A stage of a Dockerfile or YAML description as the sections of a definition file (part F of the Dockerfile rules). */

import {configOf, isRootUser} from '../../language/image-config.js'
import {isExportable} from '../../language/settable.js'
import {chainOf} from '../../language/stages.js'
import type {CopyStep, Settings, Stage, Step} from '../../model/description.js'
import type {ImageConfig} from '../../model/image-config.js'
import type {Span} from '../../model/span.js'
import {plainText, showTemplate, type Template} from '../../model/template.js'
import {writeCopy} from './copies.js'
import {environmentSection, lostBaseVariables, refuseName, shortPath} from './environment.js'
import {baseHeaders, headerValue} from './headers.js'
import {labelSections} from './labelsection.js'
import {type PrintedSection, type StageParts, Unprintable} from './print.js'
import {mentionsTmp, writeRun} from './runs.js'
import {reportRuntime} from './runtime.js'
import type {StageScript} from './script.js'
import {runscriptSection, type Start, startLines} from './start.js'

interface State {
  /** Undefined until WORKDIR sets one. */
  workdir: Template | undefined
  /** `user[:group]`; undefined for root. */
  user: Template | undefined
  /** A command has made links. */
  linked: boolean
  /** It has been said that the base's folder is taken for `/`. */
  assumed: boolean
  /** ENV in order of first appearance (K138). */
  readonly env: Map<string, Template>
  /** ENV whose value an ARG covers at the moment (K61). */
  readonly covered: Set<string>
  /** Variables outlast the build. */
  readonly lasts: boolean
  /** What a script cannot export in every shell. */
  readonly handed: Map<string, Template>
}

/**
 * How an image starts, its variables and labels do not leave a stage that only files are taken from (D140): they are
 * left out there. `name` is the printed `Stage:`, undefined when nobody refers to it and it has none.
 */
export function dockerStage(script: StageScript, stage: Stage, name: string | undefined, isTarget: boolean): StageParts {
  const chain = chainOf(script.description, stage)
  const root = chain[0] ?? stage
  if (root.base.kind === 'stage') throw new Unprintable(`its base, stage ${root.base.name}, is not there`)
  const foreign = chain.find(part => part.rules !== 'docker')
  if (foreign !== undefined)
    throw new Unprintable(`it builds upon stage ${foreign.name}, which follows a definition file's rules`)
  const config = configOf(root.base)
  const lastRun = chain.findLastIndex(part => part.steps.some(step => step.kind === 'run'))
  const state: State = {
    workdir: undefined,
    user: config === undefined || isRoot([config.user]) ? undefined : [config.user],
    env: new Map(),
    linked: false,
    assumed: false,
    covered: new Set(),
    handed: new Map(),
    lasts: isTarget,
  }
  prepare(script, chain, root, lastRun !== -1)
  chain.forEach((part, i) => {
    if (part.platform !== undefined && !isOwnPlatform(script, part.platform))
      script.warn(
        'platform',
        part.nameSpan,
        `A definition cannot ask for platform ${part.platform}; the image is built for the machine that builds, or for apptainer build --arch.`,
      )
    restoreEnv(script, state, lastRun >= i)
    writeSteps(script, part, state, config, i, lastRun)
  })
  const settings = inherited(chain)
  // A test runs in the finished stage, whichever it is (D48, D76).
  const finish =
    isTarget || settings.test !== undefined
      ? finishSections(
          script,
          stage,
          {settings, workdir: state.workdir, root, config, chain, pathSet: state.env.has('PATH')},
          state,
        )
      : []
  const maintainer = settings.maintainer === undefined ? [] : [`Maintainer: ${settings.maintainer.value}`]
  return {
    comment: [...(stage.comment ?? []), ...maintainer],
    headers: [...baseHeaders(root.base), ...(name === undefined ? [] : [['Stage', headerValue(name)] as const])],
    sections: [...script.setupSections(), ...script.fileSections(), ...script.postSections(), ...finish],
  }
}

/** The finished image: variables, labels, how it starts. Labels may add lines to `%post`. */
function finishSections(script: StageScript, stage: Stage, start: Start, state: State): PrintedSection[] {
  const {settings, root} = start
  const labels = labelSections(script, settings, root)
  const environment = environmentSection(script, state.env, settings, root, script.hostMode ? startLines(script, start) : [])
  const runscript =
    settings.runscript === undefined ? runscriptSection(script, start) : [section('runscript', settings.runscript)]
  reportRuntime(script, stage, settings, state.user === undefined ? undefined : showTemplate(state.user))
  return [...environment, ...labels, ...runscript, ...scripts(settings)]
}

/** What has to be known before the first step is written. */
function prepare(script: StageScript, chain: readonly Stage[], root: Stage, runs: boolean): void {
  script.hostMode = root.base.kind === 'scratch'
  const config = configOf(root.base)
  script.environment.fromScratch = root.base.kind === 'scratch'
  script.environment.baseVariables = config?.env
  if (usesTmp(script, chain)) script.ownTmp()
  if (!runs) return
  for (const [name, value] of lostBaseVariables(root)) script.environment.correct(name, value)
  const path = shortPath(root)
  if (path !== undefined) script.environment.correct('PATH', path)
  const libraries = config?.env.get('LD_LIBRARY_PATH')
  // Apptainer puts a folder of its own behind it (D63).
  if (libraries !== undefined) script.environment.correct('LD_LIBRARY_PATH', libraries)
}

/** K141: /tmp of the image, where steps of the stage or copies out of it name it. */
function usesTmp(script: StageScript, chain: readonly Stage[]): boolean {
  const own = chain.some(stage => stage.steps.some(step => namesTmp(step) || bringsTmp(script, step)))
  const indexes = new Set(chain.map(stage => stage.index))
  return (
    own ||
    script.description.stages.some(stage =>
      stage.steps.some(
        step =>
          step.kind === 'copy' &&
          step.from.kind === 'stage' &&
          step.from.index !== undefined &&
          indexes.has(step.from.index) &&
          step.sources.some(source => inTmp(source.path)),
      ),
    )
  )
}

function inTmp(template: Template | undefined): boolean {
  return template !== undefined && /^\/(var\/)?tmp(\/|$)/.test(plainText(template) ?? '')
}

function namesTmp(step: Step): boolean {
  switch (step.kind) {
    case 'run':
      return mentionsTmp(step)
    case 'copy':
      return inTmp(step.destination?.path)
    case 'workdir':
      return inTmp(step.path)
    case 'env':
      return step.variables.some(({value}) => inTmp(value))
    case 'arg':
      return inTmp(step.value)
    case 'user':
      return false
  }
}

/** A tree for the root of the image that may hold a folder of that name. */
function bringsTmp(script: StageScript, step: Step): boolean {
  if (step.kind !== 'copy' || plainText(step.destination?.path ?? []) !== '/') return false
  if (step.from.kind !== 'context') return step.from.kind === 'stage' || step.from.kind === 'image'
  const context = script.contextIn(step.from)
  return step.sources.some(source => {
    const path = plainText(source.path) ?? ''
    return ['tmp', 'var/tmp'].some(folder => context.resolve(`${path}/${folder}`).kind === 'directory')
  })
}

/** FROM --platform of this machine says nothing that would have to be carried over. */
function isOwnPlatform(script: StageScript, platform: string): boolean {
  return platform === `linux/${script.options.architecture}` || platform.startsWith(`linux/${script.options.architecture}/`)
}

/** K61: a child starts with the value of ENV again. */
function restoreEnv(script: StageScript, state: State, runs: boolean): void {
  for (const name of state.covered) {
    const value = state.env.get(name)
    if (runs && value !== undefined) setVariables(script, state, [{name, value}])
  }
  state.covered.clear()
}

/** From here on commands see them (K138). */
function setVariables(
  script: StageScript,
  state: State,
  variables: readonly {readonly name: string; readonly value: Template}[],
): void {
  script.export(variables.filter(({name}) => isExportable(name)))
  for (const {name, value} of variables) if (!isExportable(name)) state.handed.set(name, value)
}

function writeSteps(
  script: StageScript,
  stage: Stage,
  state: State,
  config: ImageConfig | undefined,
  place: number,
  lastRun: number,
): void {
  const lastHere = stage.steps.findLastIndex(step => step.kind === 'run')
  for (const [at, step] of stage.steps.entries()) {
    // What only commands can see is left out when none follow.
    const runs = place < lastRun || (place === lastRun && at < lastHere)
    if (step.rules === 'def')
      throw new Unprintable(
        `its step in line ${step.span.start.line} follows a definition file's rules among others that follow docker's`,
      )
    switch (step.kind) {
      case 'env':
        for (const {name, value} of step.variables) {
          if (state.lasts) refuseName(script, name, step.span)
          state.env.set(name, value)
          state.covered.delete(name)
        }
        if (!runs) break
        script.commentLines(step.comment)
        setVariables(script, state, step.variables)
        break
      case 'arg':
        if (step.value === undefined) break
        if (state.env.has(step.name)) state.covered.add(step.name)
        if (!runs) break
        script.commentLines(step.comment)
        setVariables(script, state, [{name: step.name, value: step.value}])
        break
      case 'workdir':
        state.workdir = isRelative(step.path) ? script.absolute(step.path, folderOf(script, state, config, step.span)) : step.path
        script.makeFolder(state.workdir, state.user)
        break
      case 'user':
        state.user = isRoot(step.user) ? undefined : step.user
        break
      case 'copy':
        writeCopy(script, stage, placed(script, state, config, step))
        script.lookups.copied(
          step.destination === undefined ? undefined : plainText(step.destination.path),
          state.env.has('PATH'),
        )
        break
      case 'run': {
        const base = config?.workdir
        if (state.workdir === undefined && base !== undefined && base !== '') script.makeFolder([base], undefined)
        writeRun(script, step, {
          workdir: state.workdir ?? [base === undefined || base === '' ? '/' : base],
          user: state.user,
          pathSet: state.env.has('PATH'),
          linked: state.linked,
          handed: state.handed,
          homeSet: state.env.has('HOME') || config?.env.has('HOME') === true,
        })
        const {command} = step
        state.linked ||= /\b(ln|symlink|alternatives)\b/.test(command.kind === 'exec' ? command.argv.join(' ') : command.text)
      }
    }
  }
}

/** The folder that relative paths start from. Nobody may know that of the base; nearly all of them have `/`. */
function folderOf(script: StageScript, state: State, config: ImageConfig | undefined, span: Span): Template {
  if (state.workdir !== undefined) return state.workdir
  if (config === undefined && !script.hostMode && !state.assumed) {
    script.warn(
      'base-workdir',
      span,
      'The path is relative to the WORKDIR of the base image, which is not known here; it is taken for /.',
      'Set WORKDIR before, or convert where the configuration of the base image can be read.',
    )
    state.assumed = true
  }
  return [config === undefined || config.workdir === '' ? '/' : config.workdir]
}

function isRelative(path: Template): boolean {
  return plainText(path)?.startsWith('/') === false
}

/** A copy with its destination absolute. */
function placed(script: StageScript, state: State, config: ImageConfig | undefined, step: CopyStep): CopyStep {
  if (step.destination === undefined || !isRelative(step.destination.path)) return step
  const folder = folderOf(script, state, config, step.destination.span)
  return {...step, destination: {...step.destination, path: script.absolute(step.destination.path, folder)}}
}

function isRoot(user: Template): boolean {
  const text = plainText(user)
  return text !== undefined && isRootUser(text)
}

/** K76, K123: a child takes its parent's settings; an ENTRYPOINT of its own drops the parent's CMD. */
function inherited(chain: readonly Stage[]): Settings {
  return chain.reduce<Settings>((above, stage) => {
    const {settings} = stage
    const {cmd, ...rest} = above
    const kept = settings.entrypoint === undefined ? above : rest
    return {
      ...kept,
      ...settings,
      env: [...(above.env ?? []), ...(settings.env ?? [])],
      labels: [...(above.labels ?? []), ...(settings.labels ?? [])],
      expose: [...(above.expose ?? []), ...(settings.expose ?? [])],
      volumes: [...(above.volumes ?? []), ...(settings.volumes ?? [])],
      onbuild: settings.onbuild ?? [],
    }
  }, {})
}

/** Sections that are scripts already. */
function scripts(settings: Settings): PrintedSection[] {
  return (['startscript', 'test', 'help'] as const).flatMap(name => {
    const script = settings[name]
    return script === undefined ? [] : [section(name, script)]
  })
}

export function section(name: string, script: {readonly text: string; readonly arguments?: readonly string[]}): PrintedSection {
  const oneLine = !script.text.trimEnd().includes('\n') && !script.text.startsWith('#!')
  return {
    title: [name, ...(script.arguments ?? [])].join(' '),
    items: [oneLine ? {text: script.text.trim()} : {text: script.text, verbatim: true}],
  }
}
