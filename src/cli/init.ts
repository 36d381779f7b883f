/** `init`: a working example of a build in several stages, from a template. */
import {ExitCode, type FormatName, type InitOptions, init, SifstageError, type Template} from '../index.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

export interface InitFlags {
  readonly template?: string | undefined
  readonly format?: FormatName | undefined
  readonly name?: string | undefined
  readonly force: boolean
  readonly list: boolean
}

/** Asks a person for what the flags leave open. */
export type Ask = (known: readonly Template[], flags: InitFlags, folder: string) => Promise<InitOptions>

/** Formats for people. */
export const TITLES: Readonly<Record<FormatName, string>> = {
  def: 'a definition file',
  dockerfile: 'a Dockerfile',
  yaml: 'a description in YAML',
}

function table(known: readonly Template[]): string {
  const width = Math.max(...known.map(each => each.name.length))
  return known.map(({name, title, summary}) => `  ${name.padEnd(width)}  ${title}: ${summary}\n`).join('')
}

/** @param ask missing where nobody can answer: then --template has to say it */
export async function runInit(folder: string, flags: InitFlags, ask: Ask | undefined): Promise<Outcome> {
  const known = await init.templates()
  if (flags.list)
    return {
      exitCode: ExitCode.done,
      document: {version: 1, templates: known},
      text: `${table(known)}\nTake one with: sifstage init DIR --template NAME\n`,
      messages: '',
    }
  const {template, format, name, force} = flags
  if (template === undefined && ask === undefined)
    throw new SifstageError(
      ExitCode.usage,
      'there is no terminal to ask on: --template has to say what to begin with',
      table(known).trimEnd(),
    )
  const options =
    template === undefined && ask !== undefined ? await ask(known, flags, folder) : {template: template ?? '', format, name}
  const {title, next, ...made} = await init.write(folder, {...options, force})
  return {
    exitCode: ExitCode.done,
    document: {version: 1, ...made, next},
    text: next.map(each => `  ${visible(each)}\n`).join(''),
    messages: `${title}, as ${TITLES[made.format]}, in ${visible(folder)}:\n${made.files.map(each => `  ${each}\n`).join('')}\nnext:\n`,
  }
}
