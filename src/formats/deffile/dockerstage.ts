/** A stage of a Dockerfile or YAML description as the sections of a definition file (part F of the Dockerfile rules). */
import type {Command, Setting, Settings, Stage} from '../../model/description.js'
import {plainText, type Template} from '../../model/template.js'
import {writeCopy} from './copies.js'
import {baseHeaders, headerValue} from './headers.js'
import {chainOf} from './needed.js'
import {type PrintedItem, type PrintedSection, type StageParts, Unprintable} from './print.js'
import {environmentWord, shellWord, templateWord} from './quote.js'
import {runLines} from './runlines.js'
import type {StageScript} from './script.js'

interface State {
  workdir: Template | undefined
  user: string | undefined
  /** ENV in order of first appearance (K138). */
  readonly env: Map<string, Template>
  /** ENV whose value an ARG covers at the moment (K61). */
  readonly covered: Set<string>
}

/** `name` is the printed `Stage:`, undefined when nobody refers to it and it has none. */
export function dockerStage(script: StageScript, stage: Stage, name: string | undefined): StageParts {
  const chain = chainOf(script.description, stage)
  const root = chain[0] ?? stage
  if (root.base.kind === 'stage') throw new Unprintable(`its base, stage ${root.base.name}, is not there`)
  const foreign = chain.find(part => part.rules !== 'docker')
  if (foreign !== undefined)
    throw new Unprintable(`it builds upon stage ${foreign.name}, which follows a definition file's rules`)
  const state: State = {workdir: undefined, user: undefined, env: new Map(), covered: new Set()}
  const lastRun = chain.findLastIndex(part => part.steps.some(step => step.kind === 'run'))
  chain.forEach((part, i) => {
    if (part.platform !== undefined)
      script.warn(
        'platform',
        part.nameSpan,
        `A definition cannot ask for platform ${part.platform}; the image is built for the machine that builds, or for apptainer build --arch.`,
      )
    restoreEnv(script, state, lastRun >= i)
    writeSteps(script, part, state, i, lastRun)
  })
  const settings = inherited(chain)
  const labels = labelSections(script, settings, root)
  const environment = environmentSection(state, settings)
  const runscript = runscriptSection(script, state, settings, root)
  if (root.base.kind === 'scratch' && script.hasPost() && !script.hasRun()) {
    script.refuse(
      'scratch-needs-shell',
      root.base.span,
      'Putting the files in place needs a shell, and an image from scratch has none.',
      'Copy single files, or start from an image with a shell.',
    )
  }
  if (isOther(state.user)) {
    script.warn(
      'user-at-runtime',
      stage.nameSpan,
      `USER ${state.user ?? ''} has no meaning at run time: Apptainer runs the image as the person who calls it.`,
    )
  }
  return {
    comment: stage.comment ?? [],
    headers: [...baseHeaders(root.base), ...(name === undefined ? [] : [['Stage', headerValue(name)] as const])],
    sections: [...script.fileSections(), ...script.postSections(), ...environment, ...labels, ...runscript, ...scripts(settings)],
  }
}

/** K61: a child starts with the value of ENV again. */
function restoreEnv(script: StageScript, state: State, runs: boolean): void {
  for (const name of state.covered) {
    const value = state.env.get(name)
    if (runs && value !== undefined) script.export([{name, value}])
  }
  state.covered.clear()
}

function writeSteps(script: StageScript, stage: Stage, state: State, place: number, lastRun: number): void {
  const lastHere = stage.steps.findLastIndex(step => step.kind === 'run')
  stage.steps.forEach((step, at) => {
    // What only commands can see is left out when none follow.
    const runs = place < lastRun || (place === lastRun && at < lastHere)
    if (step.rules === 'def')
      throw new Unprintable(
        `its step in line ${step.span.start.line} follows a definition file's rules among others that follow docker's`,
      )
    switch (step.kind) {
      case 'env':
        for (const {name, value} of step.variables) {
          if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
            script.refuse('env-name', step.span, `A shell cannot set a variable called ${JSON.stringify(name)}.`)
          state.env.set(name, value)
          state.covered.delete(name)
        }
        if (!runs) return
        script.commentLines(step.comment)
        script.export(step.variables)
        return
      case 'arg':
        if (step.value === undefined) return
        if (state.env.has(step.name)) state.covered.add(step.name)
        if (!runs) return
        script.commentLines(step.comment)
        script.export([{name: step.name, value: step.value}])
        return
      case 'workdir':
        state.workdir = step.path
        script.makeFolder(step.path)
        if (isOther(state.user) && plainText(step.path) !== '/') {
          script.refuse(
            'workdir-owner',
            step.span,
            `docker gives a folder that WORKDIR makes to user ${state.user ?? ''}; here it belongs to root.`,
            'Set WORKDIR before USER, or chown it in a RUN.',
          )
        }
        return
      case 'user':
        state.user = plainText(step.user) ?? 'unknown'
        return
      case 'copy':
        writeCopy(script, stage, step)
        return
      case 'run':
        if (isOther(state.user)) {
          script.refuse(
            'user-at-build',
            step.span,
            `This command runs as user ${state.user ?? ''}; %post runs as root, and what it makes would belong to root.`,
            'Move the command before USER, or allow it with --allow user-at-build.',
          )
        }
        script.commentLines(step.comment)
        script.enter(state.workdir ?? ['/'])
        for (const line of runLines(step.command)) script.post(line)
        script.ran()
    }
  })
}

function isOther(user: string | undefined): boolean {
  return user !== undefined && !/^(root|0)?(:(root|0))?$/.test(user)
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
    }
  }, {})
}

/** Keys that images from registries commonly carry; theirs would win over %labels (D121). */
const commonLabels = /^(maintainer|org\.opencontainers\.image\..*|org\.label-schema\..*)$/

function labelSections(script: StageScript, settings: Settings, root: Stage): PrintedSection[] {
  const items = new Map<string, PrintedItem>()
  for (const {name, value, span} of settings.labels ?? []) {
    const text = plainText(value)
    const line = `${name} ${text ?? ''}`
    if (
      /\s/.test(name) ||
      /^[#%]/.test(name) ||
      name === '' ||
      (text !== undefined && (/[\n\r]/.test(text) || text !== text.trim()))
    ) {
      script.refuse(
        'label',
        span,
        `Label ${JSON.stringify(name)} cannot be written in %labels: a name has no blanks, a value is one line without blanks around it.`,
      )
      continue
    }
    if (text === undefined) script.post(`echo ${templateWord([`${name} `, ...value])} >> "$SINGULARITY_LABELS"`)
    else if (root.base.kind === 'image' && commonLabels.test(name))
      script.post(`echo ${shellWord(line)} >> "$SINGULARITY_LABELS"`)
    else items.set(name, {text: line.trimEnd()})
  }
  return items.size === 0 ? [] : [{title: 'labels', items: [...items.values()]}]
}

/** K138, K139: final values; one that needs the base's value of another comes before that one is set. */
function environmentSection(state: State, settings: Settings): PrintedSection[] {
  const left = new Map(state.env)
  for (const {name, value} of settings.env ?? []) left.set(name, value)
  const items: PrintedItem[] = []
  while (left.size > 0) {
    const next = [...left].find(([name]) => ![...left].some(([other, value]) => other !== name && needs(value, name)))
    if (next === undefined) throw new Unprintable("variables of its environment need the base image's value of each other")
    items.push({text: `export ${next[0]}=${environmentWord(next[1])}`})
    left.delete(next[0])
  }
  const own = settings.environment?.text
  if (own !== undefined) items.push({text: own, verbatim: true})
  return items.length === 0 ? [] : [{title: 'environment', items}]
}

function needs(value: Template, name: string): boolean {
  return value.some(part => typeof part !== 'string' && part.variable === name)
}

function runscriptSection(script: StageScript, state: State, settings: Settings, root: Stage): PrintedSection[] {
  if (settings.runscript !== undefined) return [section('runscript', settings.runscript)]
  const {entrypoint, cmd} = settings
  if (entrypoint === undefined && cmd === undefined) return []
  const folder = state.workdir === undefined || script.options.keepCwd ? undefined : plainText(state.workdir)
  if (state.workdir !== undefined && folder === undefined && !script.options.keepCwd) {
    script.warn(
      'workdir-at-runtime',
      (entrypoint ?? cmd)?.span ?? root.span,
      'WORKDIR depends on the base image, so the program starts in the folder of the person who calls it.',
    )
  }
  if (entrypoint === undefined && cmd !== undefined && root.base.kind !== 'scratch') {
    script.info(
      'base-entrypoint',
      cmd.span,
      'If the base image has an ENTRYPOINT, docker would start that with this CMD as its arguments; the definition starts CMD itself.',
    )
  }
  if (folder !== undefined && folder !== '/' && takesArguments(entrypoint)) {
    script.warn(
      'workdir-at-runtime',
      entrypoint?.span ?? root.span,
      `The program starts in ${folder}, so relative paths among its arguments mean that folder and not the caller's.`,
      "Use --keep-cwd to stay in the caller's folder.",
    )
  }
  if (root.base.kind === 'scratch' && !script.hasRun()) {
    script.warn(
      'runscript-needs-shell',
      (entrypoint ?? cmd)?.span ?? root.span,
      'apptainer run starts a program through /bin/sh of the image, and an image from scratch has none unless it was copied there.',
      'Start the program with apptainer exec IMAGE PROGRAM, or use a base with a shell.',
    )
  }
  const printed = script.runscript(entrypoint, cmd, folder === '/' ? undefined : folder)
  if (printed.length === 0)
    script.warn(
      'nothing-to-run',
      (entrypoint ?? cmd)?.span ?? root.span,
      "ENTRYPOINT and CMD are empty; the base image's own command stays.",
    )
  return printed
}

function takesArguments(entrypoint: Setting<Command> | undefined): boolean {
  return entrypoint?.value.kind === 'exec' && entrypoint.value.argv.length > 0
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
