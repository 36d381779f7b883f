/** `init`: a working example of a build in several stages, from a template. */
import {relative, resolve} from 'node:path'
import {formatNamed} from '../formats/index.js'
import {didYouMean} from '../language/distance.js'
import {shellQuote} from '../language/shell.js'
import {isProjectName, projectFiles, projectName, type Template, templates} from '../library/templates.js'
import type {FormatName} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {visible} from '../reports/visible.js'
import {fileError} from '../system/files.js'
import {alreadyThere, writeTogether} from '../system/new-files.js'
import type {Outcome} from './outcome.js'

export interface InitFlags {
  readonly template?: string | undefined
  readonly format?: FormatName | undefined
  readonly name?: string | undefined
  readonly force: boolean
  readonly list: boolean
  readonly json: boolean
}

/** What is to be written. */
export interface Wanted {
  readonly template: Template
  readonly format: FormatName
  readonly name: string
}

/** Asks a person for what the flags leave open. */
export type Ask = (known: readonly Template[], flags: InitFlags, suggested: string) => Promise<Wanted>

function table(known: readonly Template[]): string {
  const width = Math.max(...known.map(each => each.name.length))
  return known.map(({name, title, summary}) => `  ${name.padEnd(width)}  ${title}: ${summary}\n`).join('')
}

/** @param ask missing where nobody can answer: then --template has to say it */
export async function runInit(folder: string | undefined, flags: InitFlags, ask: Ask | undefined): Promise<Outcome> {
  const known = templates()
  if (flags.list)
    return {
      exitCode: ExitCode.done,
      document: {version: 1, templates: known},
      text: `${table(known)}\nTake one with: sifstage init DIR --template NAME\n`,
      messages: '',
    }
  if (folder === '') throw new SifstageError(ExitCode.usage, 'the name of the folder is empty')
  const place = resolve(folder ?? '.')
  if (flags.name !== undefined) checkName(flags.name)
  const wanted =
    flags.template === undefined
      ? await askOr(ask, known, flags, projectName(place))
      : chosen(flags.template, known, flags, projectName(place))
  return write(folder ?? '.', place, wanted, flags.force)
}

async function askOr(
  ask: Ask | undefined,
  known: readonly Template[],
  flags: InitFlags,
  suggested: string | undefined,
): Promise<Wanted> {
  if (ask === undefined)
    throw new SifstageError(
      ExitCode.usage,
      'there is no terminal to ask on: --template has to say what to begin with',
      table(known).trimEnd(),
    )
  return ask(known, flags, suggested ?? 'my-image')
}

function chosen(named: string, known: readonly Template[], flags: InitFlags, suggested: string | undefined): Wanted {
  const template = known.find(each => each.name === named)
  if (template === undefined) {
    const meant = didYouMean(
      named,
      known.map(each => each.name),
    )
    throw new SifstageError(
      ExitCode.usage,
      `there is no template ${JSON.stringify(visible(named))}`,
      `${meant === undefined ? '' : `Did you mean ${meant}? `}There are:\n${table(known).trimEnd()}`,
    )
  }
  const format = flags.format ?? 'def'
  if (!template.formats.includes(format))
    throw new SifstageError(
      ExitCode.usage,
      `template ${template.name} is not written as ${formatNamed(format).title}`,
      `Take --format ${template.formats.join(' or ')}.`,
    )
  return {template, format, name: flags.name ?? suggested ?? template.name}
}

function checkName(name: string): void {
  if (!isProjectName(name))
    throw new SifstageError(
      ExitCode.usage,
      `--name ${JSON.stringify(visible(name))}: an image cannot be called this`,
      'It becomes a part of file names: at most 64 letters, digits, dots, underscores and hyphens, the first a letter or a digit.',
    )
}

async function write(folder: string, place: string, wanted: Wanted, force: boolean): Promise<Outcome> {
  const {template, format, name} = wanted
  const {input, image, files} = projectFiles(template, format, name)
  const paths = files.map(each => each.path)
  try {
    const there = force ? [] : await alreadyThere(place, paths)
    if (there.length > 0)
      throw new SifstageError(
        ExitCode.usage,
        `${visible(folder)} has ${there.join(', ')} already; nothing was written`,
        'Name another folder, or overwrite with --force.',
      )
    await writeTogether(place, files)
  } catch (error) {
    if (error instanceof SifstageError) throw error
    throw fileError(`${visible(folder)}: the example cannot be written`, error)
  }
  const inside = relative(process.cwd(), place)
  const next = [
    ...(inside === '' ? [] : [`cd ${shellQuote(inside.startsWith('-') ? `./${inside}` : inside)}`]),
    `sifstage check ${input}`,
    `sifstage build ${input}`,
  ]
  return {
    exitCode: ExitCode.done,
    document: {version: 1, template: template.name, format, name, folder: place, input, image, files: paths, next},
    text: next.map(each => `  ${visible(each)}\n`).join(''),
    messages: `${template.title}, as ${formatNamed(format).title}, in ${visible(folder)}:\n${paths.map(each => `  ${each}\n`).join('')}\nnext:\n`,
  }
}
