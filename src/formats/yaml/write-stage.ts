/** A stage in docker's rules. Paths are written absolute, as they were read; variables of the base as `${NAME}`. */
import {configOf} from '../../language/image-config.js'
import {relativeTo} from '../../language/relative.js'
import type {Base, Command, CopyOrigin, CopyStep, Healthcheck, RunStep, Setting, Stage, Step} from '../../model/description.js'
import {showImageReference} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {plainText, showTemplate, type Template} from '../../model/template.js'
import {defaultShell} from '../dockerfile/ground.js'
import {escaped, escapedTemplate} from './escape.js'
import {comment, list, map, number, text, texts, truth, type Value, words} from './nodes.js'
import {type PlainOrigin, type Says, writeGit, writeMount, writeOrigin} from './write-origins.js'
import type {StageEnd, Writing} from './writing.js'

/** `skip` arguments at the start are those of the whole description. */
export function writeDockerStage(
  writing: Writing,
  stage: Stage,
  skip: number,
  parent: StageEnd | undefined,
): {value: Value; end: StageEnd} {
  const writer = new StageWriter(writing, stage, parent)
  for (const step of stage.steps.slice(0, skip)) writer.skip(step)
  const steps = [...stage.steps.slice(skip).flatMap(step => writer.step(step)), ...writer.lastShell()]
  const settings = writer.settings()
  const value = map([
    ['from', writer.base(stage.base)],
    ['platform', stage.platform === undefined ? undefined : text(escaped([stage.platform]))],
    ['engine', stage.engine && text(stage.engine.value)],
    ['steps', steps.length === 0 ? undefined : list(steps, 'block')],
    ...settings,
  ])
  return {value, end: {variables: writer.variables, shell: writer.shell}}
}

class StageWriter {
  readonly variables: Map<string, Template>
  shell: readonly string[]
  #ownShell = false

  constructor(
    readonly writing: Writing,
    readonly stage: Stage,
    parent: StageEnd | undefined,
  ) {
    this.variables = new Map(parent?.variables)
    const {base} = stage
    this.shell = parent?.shell ?? configOf(base)?.shell ?? defaultShell
  }

  /** A step that is said elsewhere, but counts. */
  skip(step: Step): void {
    if (step.kind === 'arg' && step.value !== undefined) this.variables.set(step.name, step.value)
  }

  base(base: Base): Value | undefined {
    switch (base.kind) {
      case 'scratch':
        return text('scratch')
      case 'image':
        return text(escaped([showImageReference(base.reference)]))
      case 'stage':
        return map([['stage', text(escaped([this.#stageName(base.name, base.index)]))]], 'flow')
      case 'local': {
        const {agent, path} = base.reference
        if (agent !== 'localimage') return text(escaped([`${agent}:${path}`]))
        return text(escaped([/^\.{0,2}\//.test(path) ? path : `./${path}`]))
      }
      case 'mirror':
        this.#refuse(
          base.span,
          `A base made by ${base.agent} exists in definition files only.`,
          'Convert to a definition file instead.',
        )
        return undefined
    }
  }

  step(step: Step): Value[] {
    const [first, ...others] = this.#step(step)
    return first === undefined ? [] : [comment(first, step.comment), ...others]
  }

  #step(step: Step): Value[] {
    switch (step.kind) {
      case 'run':
        if (step.where === 'host' || step.command.kind === 'script') {
          this.#refuse(
            step.span,
            'A script of a definition file cannot be a step of another stage.',
            'Keep the stage a definition.',
          )
          return []
        }
        return [...this.#shellFor(step.command), this.#run(step, step.command)]
      case 'copy':
        return this.#bringIn(step)
      case 'env': {
        for (const {name} of step.variables) this.#checkName(name, step.span)
        const variables = step.variables.map(({name, value}) => [name, this.#template(value, step.span)] as const)
        for (const {name, value} of step.variables) this.variables.set(name, value)
        return repeated(variables).map(entries => map([['env', texts(entries)]]))
      }
      case 'arg': {
        this.#checkName(step.name, step.span)
        const value = step.value === undefined ? null : this.#template(step.value, step.span)
        if (step.value !== undefined) this.variables.set(step.name, step.value)
        return [map([['arg', texts([[step.name, value]])]])]
      }
      case 'workdir':
        return [map([['workdir', text(this.#template(step.path, step.span))]])]
      case 'user':
        return [map([['user', text(this.#template(step.user, step.span))]])]
    }
  }

  #run(step: RunStep, command: Command): Value {
    const mounts = (step.mounts ?? []).map(mount => writeMount(mount, this.#says))
    return map([
      ['run', this.#command(command)],
      ['script', command.kind === 'file' ? text(command.name) : undefined],
      ['mounts', mounts.length === 0 ? undefined : list(mounts, 'block')],
      ['network', step.network === undefined ? undefined : text(step.network)],
      ['insecure', step.insecure === undefined ? undefined : truth(true)],
    ])
  }

  #bringIn(step: CopyStep): Value[] {
    const {from} = step
    switch (from.kind) {
      case 'inline':
        return this.#write(step, from.files)
      case 'url':
      case 'git':
        return [this.#add(step, from)]
      case 'context':
      case 'stage':
      case 'image':
        return [this.#copy(step, from)]
    }
  }

  #copy(step: CopyStep, from: PlainOrigin): Value {
    const sources = step.sources.map(source => this.#template(source.path, source.span))
    const [only, second] = sources
    return map([
      ['copy', only !== undefined && second === undefined ? text(only) : words(sources)],
      ['from', writeOrigin(from, this.#says)],
      ...this.#placing(step),
      ['unpack', step.unpack === undefined ? undefined : text(step.unpack)],
      ['expect', this.#expectation(step)],
    ])
  }

  #add(step: CopyStep, from: Extract<CopyOrigin, {kind: 'url' | 'git'}>): Value {
    return map([
      ['add', from.kind === 'url' ? text(escaped([from.url])) : writeGit(from)],
      ...this.#placing(step),
      ['checksum', from.checksum === undefined ? undefined : text(escaped([from.checksum]))],
      ['unpack', step.unpack === undefined || step.unpack === 'never' ? undefined : text(step.unpack)],
    ])
  }

  /** K90: each file is placed on its own, so one step for each is the same. */
  #write(step: CopyStep, files: readonly {readonly name: string; readonly text: Template}[]): Value[] {
    const expand = files.some(file => file.text.some(part => typeof part !== 'string'))
    const content = (template: Template) => text(expand ? this.#template(template, step.span) : template.join(''))
    const rest = (): [string, Value | undefined][] => [['expand', expand ? truth(true) : undefined], ...this.#placing(step)]
    const [only, second] = files
    const destination = step.destination && plainText(step.destination.path)
    if (only !== undefined && second === undefined && destination?.endsWith(`/${only.name}`) === true)
      return [map([['write', content(only.text)], ...rest()])]
    return repeated(files.map(file => [file.name, content(file.text)] as const)).map(entries =>
      map([['write', map(entries)], ...rest()]),
    )
  }

  #placing(step: CopyStep): [string, Value | undefined][] {
    const {destination, chown, chmod, span} = step
    if (destination === undefined) this.#refuse(span, 'This copy has no destination.', 'Say where it goes.')
    return [
      ['to', destination && text(this.#template(destination.path, destination.span))],
      ['chown', chown && text(this.#template(chown, span))],
      ['chmod', chmod && text(this.#template(chmod, span))],
      ['link', step.link && truth(true)],
      ['parents', step.parents && truth(true)],
      ['exclude', step.exclude && words(step.exclude)],
    ]
  }

  #expectation({expect}: CopyStep): Value | undefined {
    if (expect === undefined) return undefined
    return map(
      [
        ['kind', expect.kind === undefined ? undefined : text(expect.kind)],
        ['executable', expect.executable === undefined ? undefined : truth(expect.executable)],
        ['min-size', expect.minSize === undefined ? undefined : number(expect.minSize)],
        ['max-size', expect.maxSize === undefined ? undefined : number(expect.maxSize)],
        ['sha256', expect.sha256 === undefined ? undefined : text(expect.sha256)],
        ['arch', expect.arch === undefined ? undefined : text(expect.arch)],
        ['libraries', expect.libraries && words(expect.libraries)],
        ['static', expect.static === undefined ? undefined : truth(expect.static)],
      ],
      'flow',
    )
  }

  settings(): [string, Value | undefined][] {
    const {settings} = this.stage
    for (const key of ['runscript', 'startscript', 'environment'] as const) {
      const script = settings[key]
      if (script !== undefined)
        this.#refuse(script.span, `%${key} exists in definition files only.`, 'Convert to a definition file instead.')
    }
    const env = settings.env?.map(({name, value, span}) => [name, this.#template(value, span)] as const)
    for (const {name, value} of settings.env ?? []) this.variables.set(name, value)
    const labels = settings.labels?.map(({name, value, span}) => [name, this.#template(value, span)] as const)
    return [
      ['env', env && texts(env)],
      ['labels', labels && texts(labels)],
      ['expose', this.#texts(settings.expose)],
      ['volumes', this.#texts(settings.volumes)],
      ['stop-signal', settings.stopSignal && text(this.#template(settings.stopSignal.value, settings.stopSignal.span))],
      ['healthcheck', settings.healthcheck && this.#healthcheck(settings.healthcheck.value)],
      ['maintainer', settings.maintainer && text(settings.maintainer.value)],
      ['onbuild', settings.onbuild && words(settings.onbuild.map(trigger => trigger.value))],
      ['entrypoint', settings.entrypoint && this.#command(settings.entrypoint.value)],
      ['cmd', settings.cmd && this.#command(settings.cmd.value)],
      ['test', settings.test && text(settings.test.text)],
      ['help', settings.help && text(settings.help.text)],
    ]
  }

  #texts(settings: readonly Setting<Template>[] | undefined): Value | undefined {
    return settings && words(settings.map(({value, span}) => this.#template(value, span)))
  }

  #healthcheck(check: Healthcheck): Value {
    if (check.kind === 'none') return text('none')
    const optional = (value: string | undefined) => (value === undefined ? undefined : text(value))
    return map([
      ['test', this.#command(check.command)],
      ['interval', optional(check.interval)],
      ['timeout', optional(check.timeout)],
      ['start-period', optional(check.startPeriod)],
      ['start-interval', optional(check.startInterval)],
      ['retries', check.retries === undefined ? undefined : number(check.retries)],
    ])
  }

  /** A step that changes the shell, where the command has another one. */
  #shellFor(command: Command): Value[] {
    if ((command.kind !== 'shell' && command.kind !== 'file') || same(command.shell, this.shell)) return []
    return this.#changeShell(command.shell)
  }

  #changeShell(shell: readonly string[]): Value[] {
    this.shell = shell
    this.#ownShell = true
    return [map([['shell', words(shell)]])]
  }

  /** The shell that the stage leaves to its children and its image, where no step has set it yet (K125). */
  lastShell(): Value[] {
    const {shell} = this.stage.settings
    return shell === undefined || (this.#ownShell && same(shell.value, this.shell)) ? [] : this.#changeShell(shell.value)
  }

  #command(command: Command): Value {
    switch (command.kind) {
      case 'script':
        return text(command.text)
      case 'exec':
        return words(command.argv)
      case 'file':
        return text(command.text)
      case 'shell':
        // With another shell than that of the last step: the same words, without one (K113).
        return same(command.shell, this.shell) ? text(command.text) : words([...command.shell, command.text])
    }
  }

  #stageName(name: string, index: number | undefined): string {
    return (index === undefined ? undefined : this.writing.description.stages[index]?.name) ?? name
  }

  /** The text of a template in terms of the variables as they are at this step. */
  #template(template: Template, span: Span): string {
    const relative = relativeTo(template, this.variables)
    const written = relative && escapedTemplate(relative)
    if (written !== undefined) return written
    this.writing.refuse(
      this.stage,
      'lost-base-variable',
      span,
      `${showTemplate(template)} needs a variable of the base image that has another value by now.`,
      'Keep the value in a variable of its own before it is changed.',
    )
    return ''
  }

  readonly #says: Says = {
    template: (template, span) => this.#template(template, span),
    stageName: (name, index) => this.#stageName(name, index),
  }

  /** As the schema has it. */
  #checkName(name: string, span: Span): void {
    if (!/^[^\s=\0]+$/.test(name))
      this.#refuse(span, `${JSON.stringify(name)} cannot be the name of a variable in YAML.`, 'Use a name without blanks.')
  }

  #refuse(span: Span, message: string, hint: string): void {
    this.writing.refuse(this.stage, 'no-yaml-form', span, message, hint)
  }
}

/** Entries in as few maps as hold no key twice. */
function repeated<T>(entries: readonly (readonly [string, T])[]): (readonly [string, T])[][] {
  const groups: {keys: Set<string>; entries: (readonly [string, T])[]}[] = []
  for (const entry of entries) {
    let group = groups.at(-1)
    if (group === undefined || group.keys.has(entry[0])) {
      group = {keys: new Set(), entries: []}
      groups.push(group)
    }
    group.keys.add(entry[0])
    group.entries.push(entry)
  }
  return groups.map(group => group.entries)
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((word, i) => word === other[i])
}
