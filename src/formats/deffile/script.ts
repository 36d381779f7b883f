/** The parts of one printed stage while its steps are gone through in order: `%setup`, `%files`, `%post`. */
import {contextAt} from '../../language/context.js'
import {type IgnoreFile, parseIgnore} from '../../language/ignore.js'
import {destinationPath} from '../../language/paths.js'
import type {CopyOrigin, Description, Stage} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {WriteOptions} from '../../model/format.js'
import {baseName} from '../../model/paths.js'
import type {Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import {type ContextView, viewContext} from './contextfiles.js'
import {Exports} from './exports.js'
import {ImageState} from './imagestate.js'
import {Lookups} from './lookups.js'
import {addedVariables, PostEnvironment} from './postenvironment.js'
import {commentLine, type PrintedItem, type PrintedSection} from './print.js'
import {shellWord, templateWord} from './quote.js'
import type {RefusedRule, WarnedRule} from './rules.js'
import {type Tool, toolLines} from './toolbox.js'

export type ImageOrigin = Extract<CopyOrigin, {kind: 'image'}>

export interface StageNames {
  stage(stage: Stage): string
  /** The stage that stands for an image of which files are copied (D103). */
  image(origin: ImageOrigin): string
}

/** Staged files as words of the script: where they lie, and the name that they get in a folder. */
export interface ShellWords {
  readonly path: string
  readonly name: string
}

/** A line that may be taken back. */
interface Line {
  readonly text: string
}

/** Folder inside the image where files wait for their moment; gone at the end. */
const stagingFolder = '/.sifstage'

export class StageScript {
  readonly #files = new Map<string, PrintedItem[]>()
  readonly #setup: string[] = []
  readonly #post: Line[] = []
  /** Lines that make the folder of a WORKDIR. */
  readonly #made = new Map<string, Line>()
  readonly #tools = new Set<Tool>()
  readonly #hostTools = new Set<Tool>()
  readonly #exports: Exports
  #staged = 0
  #usesStaging = false
  #folder = '/'
  #ownTmp = false

  constructor(
    readonly description: Description,
    readonly stage: Stage,
    readonly names: StageNames,
    readonly options: WriteOptions,
    readonly diagnostics: Diagnostic[],
  ) {
    this.#exports = new Exports(this.#post)
  }

  /**
   * Everything is done on the machine that builds, since nothing in the image could: as long as no command has run in
   * an image from scratch, nobody knows of a shell in it.
   */
  hostMode = false
  /** Where the shell of `%post` may remember programs that have moved. */
  readonly lookups = new Lookups()
  readonly image = new ImageState()
  readonly environment = new PostEnvironment()
  #contexts = new Map<string, ContextView>()

  /** The build context of a copy: the description's, or that of the file below it that the stage comes from. */
  contextIn(from: Extract<CopyOrigin, {kind: 'context'}>): ContextView {
    const name = JSON.stringify([from.folder, from.ignore])
    const known = this.#contexts.get(name)
    if (known !== undefined) return known
    const {context, ignore} = contextAt(this.options.context, this.#ignore(), from)
    const view = viewContext(context, ignore, from.folder ?? '')
    this.#contexts.set(name, view)
    return view
  }

  #ignore(): IgnoreFile | undefined {
    const {file} = this.description
    const {context, ignore} = this.options
    const text = ignore?.text ?? context.text(`${baseName(file)}.dockerignore`) ?? context.text('.dockerignore')
    return text === undefined ? undefined : parseIgnore(text)
  }

  /** A path of the image in a script that puts things there. */
  at(path: string): string {
    return this.hostMode ? `"$SINGULARITY_ROOTFS"${shellWord(path)}` : shellWord(path)
  }

  /** The same for a path that may hold variables of the base image. */
  atTemplate(path: Template): string {
    const text = plainText(path)
    return text === undefined ? this.word(path) : this.at(text)
  }

  /** Whether `--link` comes to the same as a copy straight to the place. */
  isPlainUnderLink(path: string): boolean {
    return !this.hostMode && this.image.isPlainUnderLink(path)
  }

  /** Something that would come out different: an error, unless it is allowed. */
  refuse(rule: RefusedRule, span: Span, message: string, hint?: string): void {
    this.#report(rule, this.options.allow.has(rule) ? 'warning' : 'error', span, message, hint)
  }

  warn(rule: WarnedRule, span: Span, message: string, hint?: string): void {
    this.#report(rule, 'warning', span, message, hint)
  }

  #report(rule: string, severity: Diagnostic['severity'], span: Span, message: string, hint: string | undefined): void {
    this.diagnostics.push({rule, severity, span, message, stage: this.stage.name, ...(hint === undefined ? {} : {hint})})
  }

  /** A line of `%files`, or of `%files from`. */
  files(from: string | undefined, line: string, comment?: readonly string[]): void {
    const title = from === undefined ? 'files' : `files from ${from}`
    const items = this.#files.get(title) ?? []
    for (const text of comment ?? []) items.push({text: commentLine(text)})
    items.push({text: line})
    this.#files.set(title, items)
  }

  /** A new path below the staging folder; nothing can be there yet (D107). */
  staging(): string {
    this.#staged += 1
    this.#usesStaging = true
    return `${stagingFolder}/${this.#staged}`
  }

  /** Something lies in the staging folder, so that it has to go at the end. */
  stages(): void {
    this.#usesStaging = true
  }

  /** A command on the machine that builds, with the image's root at `$SINGULARITY_ROOTFS` (D59). */
  setup(text: string): void {
    this.#setup.push(text)
  }

  post(text: string): void {
    this.#post.push({text})
  }

  commentLines(comment: readonly string[] | undefined): void {
    for (const text of comment ?? []) this.post(commentLine(text))
  }

  /** The first command: from here on the image has to have what it needs. */
  leaveHost(): void {
    this.hostMode = false
  }

  tool(tool: Tool): void {
    if (this.hostMode) this.#hostTools.add(tool)
    else this.#tools.add(tool)
    if (tool === 'mount' || tool === 'user') this.#usesStaging = true
  }

  /** A line that puts things in place, wherever that is done. */
  placing(text: string): void {
    if (this.hostMode) this.setup(text)
    else this.post(text)
  }

  /** Lines that put staged files in place as COPY does (K145). */
  place(staged: ShellWords, destination: Template): readonly string[] {
    this.tool('put')
    const lines: string[] = []
    const text = plainText(destination)
    if (this.hostMode && text !== undefined) {
      this.tool('inside')
      lines.push(`sifstage_inside ${this.at(text.replace(/\/+\.?$/, ''))}/${staged.name}`)
    }
    return [...lines, `sifstage_put ${staged.path} ${this.atTemplate(destination)} ${staged.name}`]
  }

  /** `%post` put something here. */
  placed(destination: Template): void {
    this.image.put(plainText(destination) ?? '/', 'post')
  }

  /** `%post` put something here, and gives the folders above it that it has to make an owner or a mode. */
  placedWithFolders(destination: Template): void {
    this.image.put(this.image.firstNew(plainText(destination) ?? '/'), 'post')
  }

  /** A direct `%files` line put something here. */
  covered(path: string, from: string | undefined, folder: boolean): void {
    this.image.put(path, from ?? '')
    const parts = path.split('/')
    for (let n = folder ? parts.length : parts.length - 1; n > 1; n -= 1) this.#isThere(parts.slice(0, n).join('/'))
  }

  /** `%files` makes the folders above what it copies, as WORKDIR would: 0755, root's (D94). */
  #isThere(folder: string): void {
    this.image.addFolder(folder)
    const line = this.image.commandsRan ? undefined : this.#made.get(folder)
    if (line === undefined) return
    this.#made.delete(folder)
    this.#post.splice(this.#post.indexOf(line), 1)
  }

  /** Commands use /tmp or /var/tmp: they have to see the image's, not the host's (K141). */
  ownTmp(): void {
    this.#ownTmp = true
  }

  makeFolder(folder: Template, owner: Template | undefined): void {
    const text = plainText(folder)
    if (text !== undefined && this.image.hasFolder(text)) return
    if (owner !== undefined) {
      this.tool('owner')
      this.tool('parents')
      this.placing(
        `sifstage_parents "$(sifstage_owner ${this.word(owner)})" 755 ${text === undefined ? this.word(folder) : this.at(text)}`,
      )
      this.placedWithFolders(folder)
      if (text !== undefined) this.image.addFolder(text)
      return
    }
    if (this.hostMode) {
      if (text !== undefined) this.setup(`mkdir -p ${this.at(text)}`)
      return
    }
    const line = {text: `mkdir -p ${this.word(folder)}`}
    this.#post.push(line)
    if (text === undefined) return
    this.image.addFolder(text)
    if (!this.image.commandsRan) this.#made.set(text, line)
  }

  /** A command may have removed folders: a working folder is made again, as runc does, and entered anew. */
  forgetFolders(workdir: Template): void {
    this.image.forgetFolders()
    this.#made.clear()
    if (plainText(workdir) !== '/') this.#folder = ''
  }

  /** A path made absolute; a `/` or `.` at its end goes on meaning a folder (K83). */
  absolute(path: Template, folder: Template): Template {
    const text = plainText(path)
    const above = plainText(folder)
    if (text === undefined || above === undefined || text.startsWith('/')) return path
    return [destinationPath(above, text)]
  }

  /** The folder in which the next command runs. BuildKit makes it if a command before has removed it. */
  enter(folder: Template, linked: boolean): void {
    const word = this.word(folder)
    if (word === this.#folder) return
    if (this.#folder === '' && plainText(folder) !== '/') this.post(`mkdir -p ${word}`)
    this.post(`cd ${linked ? '-P ' : ''}${word}`)
    this.#folder = word
  }

  /** The script goes where no mount is in the way; the next command enters its folder anew. */
  leaveFolder(): void {
    if (this.#folder !== '/') this.post('cd /')
    this.#folder = '/'
  }

  /** The folder of the next command may be missing in what is mounted there; runc makes it. */
  leaveMountedFolder(): void {
    this.leaveFolder()
    this.#folder = ''
  }

  /** K138, K50: all values are worked out before any is set. */
  export(variables: readonly {readonly name: string; readonly value: Template}[]): void {
    if (variables.some(({value}) => value.some(part => typeof part !== 'string' && addedVariables.includes(part.variable))))
      this.environment.clean()
    this.#exports.add(variables)
  }

  /** A shell word in which open variables are those of the base image. */
  word(template: Template): string {
    return templateWord(template, name => this.#exports.baseVariable(name))
  }

  setupSections(): PrintedSection[] {
    if (this.#setup.length === 0) return []
    const folder = `"$SINGULARITY_ROOTFS${stagingFolder}"`
    const lines = [
      'umask 022',
      ...(this.#usesStaging ? [`mkdir -p ${folder}`] : []),
      ...toolLines(this.#hostTools),
      ...this.#setup,
    ]
    if (this.hostMode && this.#usesStaging) lines.push(`rm -rf ${folder}`)
    return [{title: 'setup', items: lines.map(text => ({text}))}]
  }

  fileSections(): PrintedSection[] {
    return Array.from(this.#files, ([title, items]) => ({title, items}))
  }

  postSections(): PrintedSection[] {
    if (this.hostMode || (this.#post.length === 0 && !this.#usesStaging)) return []
    const lines = ['umask 022', ...this.#prologue(), ...toolLines(this.#tools), ...this.#post.map(line => line.text)]
    if (this.#usesStaging) {
      if (this.#folder.startsWith(stagingFolder)) lines.push('cd /')
      lines.push(`rm -rf ${stagingFolder}`)
    }
    return [{title: 'post', items: lines.map(text => ({text}))}]
  }

  #prologue(): string[] {
    const lines = this.environment.lines()
    if (this.#ownTmp) {
      lines.push("# the image's own /tmp, not that of the machine that builds")
      lines.push('( for d in /tmp /var/tmp; do if grep -q " $d " /proc/mounts; then umount -l -n "$d"; fi; done )')
    }
    // Tools write there before any copy has made it.
    if ((this.#tools.has('mount') || this.#tools.has('user')) && this.#usesStaging) lines.push(`mkdir -p ${stagingFolder}`)
    return lines
  }
}
