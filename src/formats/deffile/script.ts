/** The parts of one printed stage while its steps are gone through in order: `%files`, `%post`, `%environment`. */
import {runscriptLines} from '../../language/runscript.js'
import type {Command, Description, Setting, Stage} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {WriteOptions} from '../../model/format.js'
import type {ImageReference} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import type {ContextView} from './contextfiles.js'
import {commentLine, type PrintedItem, type PrintedSection} from './print.js'
import {guardLines, shellWord, templateWord} from './quote.js'

export interface StageNames {
  stage(stage: Stage): string
  /** The stage that stands for an image of which files are copied (D103). */
  image(reference: ImageReference, span: Span): string
}

/** `%post` puts staged files in place as COPY does (K145); a link that is in the way is replaced, not written through. */
const placing = [
  'sifstage_put() { # FILE-OR-FOLDER DESTINATION NAME: as COPY does',
  '    if [ -d "$1" ]; then',
  '        mkdir -p "$2"',
  `        (cd "$1" && find . ! -type d -exec sh -c 'for f; do rm -f "$0/$f"; done' "$2" {} +)`,
  '        for e in "$1"/* "$1"/.[!.]* "$1"/..?*; do',
  '            if [ -e "$e" ] || [ -L "$e" ]; then cp -a "$e" "$2/"; fi',
  '        done',
  '    else',
  '        case "$2" in */) mkdir -p "$2" ;; *) mkdir -p "$(dirname "$2")" ;; esac',
  '        if [ -d "$2" ]; then cp -a "$1" "$2/$3"; else cp -a "$1" "$2"; fi',
  '    fi',
  '}',
]

interface Copied {
  readonly path: string
  readonly from: string | undefined
}

export class StageScript {
  readonly #files = new Map<string, PrintedItem[]>()
  readonly #post: {text: string}[] = []
  readonly #copied: Copied[] = []
  readonly #folders = new Set(['/', '/root', '/tmp', '/var/tmp', '/home', '/etc', '/dev', '/proc', '/sys', '/var'])
  /** Variables set in `%post`: where, and what they are worth in terms of the base. */
  readonly #exported = new Map<string, {line: {text: string}; value: Template; saved: boolean}>()
  /** Lines that make the folder of a WORKDIR. */
  readonly #made = new Map<string, {text: string}>()
  #staged = 0
  #places = false
  #folder = '/'
  #ran = false

  constructor(
    readonly description: Description,
    readonly stage: Stage,
    readonly names: StageNames,
    readonly context: ContextView,
    readonly options: WriteOptions,
    readonly diagnostics: Diagnostic[],
  ) {}

  /** Something that would come out different: an error, unless it is allowed. */
  refuse(rule: string, span: Span, message: string, hint?: string): void {
    this.#report(rule, this.options.allow.has(rule) ? 'warning' : 'error', span, message, hint)
  }

  warn(rule: string, span: Span, message: string, hint?: string): void {
    this.#report(rule, 'warning', span, message, hint)
  }

  info(rule: string, span: Span, message: string, hint?: string): void {
    this.#report(rule, 'info', span, message, hint)
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
    return `/.sifstage/${this.#staged}`
  }

  post(text: string): void {
    this.#post.push({text})
  }

  commentLines(comment: readonly string[] | undefined): void {
    for (const text of comment ?? []) this.post(commentLine(text))
  }

  place(staged: string, destination: Template, name: string): void {
    this.#places = true
    this.post(['sifstage_put', shellWord(staged), this.word(destination), shellWord(name)].join(' '))
    this.#copied.push({path: plainText(destination) ?? '/', from: 'post'})
  }

  /** A direct `%files` line put something here. */
  covered(path: string, from: string | undefined, folder: boolean): void {
    this.#copied.push({path, from: from ?? ''})
    const parts = path.split('/')
    for (let n = folder ? parts.length : parts.length - 1; n > 1; n -= 1) this.#isThere(parts.slice(0, n).join('/'))
  }

  /** `%files` makes the folders above what it copies, as WORKDIR would: 0755, root's (D94). */
  #isThere(folder: string): void {
    this.#folders.add(folder)
    const line = this.#ran ? undefined : this.#made.get(folder)
    if (line === undefined) return
    this.#made.delete(folder)
    this.#post.splice(this.#post.indexOf(line), 1)
  }

  /** Whether a copy to a path by `%files` would come too early, or before one that it has to follow (D58). */
  disturbed(path: string, from: string | undefined): boolean {
    if (this.#ran) return true
    return this.#copied.some(earlier => {
      if (!overlap(earlier.path, path)) return false
      // In `%files` the order is kept within one origin, and the host's come last.
      return earlier.from === 'post' || (earlier.from !== (from ?? '') && from !== undefined)
    })
  }

  /** From here on files may have been changed by commands. */
  ran(): void {
    this.#ran = true
  }

  hasRun(): boolean {
    return this.#ran
  }

  hasPost(): boolean {
    return this.#post.length > 0
  }

  makeFolder(folder: Template): void {
    const text = plainText(folder)
    if (text !== undefined && this.#folders.has(text)) return
    const line = {text: `mkdir -p ${this.word(folder)}`}
    this.#post.push(line)
    if (text === undefined) return
    this.#folders.add(text)
    this.#made.set(text, line)
  }

  /** The folder in which the next command runs. */
  enter(folder: Template): void {
    const word = this.word(folder)
    if (word === this.#folder) return
    this.post(`cd ${word}`)
    this.#folder = word
  }

  /** K138, K50: all values are worked out before any is set. */
  export(variables: readonly {readonly name: string; readonly value: Template}[]): void {
    const lines = variables.map(({name, value}) => ({name, value, text: `export ${name}=${this.#valueFor(name, value)}`}))
    for (const {name, value, text} of lines) {
      const line = {text}
      this.#post.push(line)
      const before = this.#exported.get(name)
      this.#exported.set(name, before === undefined ? {line, value, saved: false} : {...before, value})
    }
  }

  /** A shell word in which open variables are those of the base image. */
  word(template: Template): string {
    return templateWord(template, name => this.#baseVariable(name))
  }

  /** `PATH=/b:/a:$BASE` after `PATH=/a:$BASE` reads `PATH=/b:$PATH`, as it was written. */
  #valueFor(name: string, value: Template): string {
    const before = this.#exported.get(name)?.value
    if (before === undefined || before.length === 0 || before.every(part => typeof part === 'string')) return this.word(value)
    const tail = value.slice(value.length - before.length + (typeof before[0] === 'string' ? 1 : 0))
    const rest = typeof before[0] === 'string' ? before.slice(1) : before
    if (JSON.stringify(tail) !== JSON.stringify(rest)) return this.word(value)
    const start = before[0]
    const own = value[value.length - before.length]
    if (typeof start !== 'string') return this.word([...value.slice(0, value.length - before.length), {variable: name}])
    if (typeof own !== 'string' || !own.endsWith(start)) return this.word(value)
    const kept = [...value.slice(0, value.length - before.length), own.slice(0, own.length - start.length)]
    return templateWord([...kept, {variable: name}])
  }

  #baseVariable(name: string): string {
    const exported = this.#exported.get(name)
    if (exported === undefined) return `\${${name}}`
    if (!exported.saved) {
      this.#post.splice(this.#post.indexOf(exported.line), 0, {text: `SIFSTAGE_${name}="$${name}"`})
      this.#exported.set(name, {...exported, saved: true})
    }
    return `\${SIFSTAGE_${name}}`
  }

  fileSections(): PrintedSection[] {
    return Array.from(this.#files, ([title, items]) => ({title, items}))
  }

  postSections(): PrintedSection[] {
    if (this.#post.length === 0) return []
    const lines = ['umask 022', ...(this.#places ? placing : []), ...this.#post.map(line => line.text)]
    if (this.#staged > 0) {
      if (this.#folder.startsWith('/.sifstage')) lines.push('cd /')
      lines.push('rm -rf /.sifstage')
    }
    return [{title: 'post', items: lines.map(text => ({text}))}]
  }

  /** K148. */
  runscript(
    entrypoint: Setting<Command> | undefined,
    cmd: Setting<Command> | undefined,
    folder: string | undefined,
  ): PrintedSection[] {
    const lines = runscriptLines({entrypoint: entrypoint?.value, cmd: cmd?.value, workdir: folder})
    return lines === undefined ? [] : [{title: 'runscript', items: lines.map(line => ({text: guardLines(line, "'")}))}]
  }
}

function overlap(a: string, b: string): boolean {
  const [left, right] = [a, b].map(path => `${path.replace(/\/+\.?$/, '')}/`)
  return left === undefined || right === undefined || left.startsWith(right) || right.startsWith(left)
}
