/** Writes a working example of a build in several stages, from a template. */
import {relative, resolve} from 'node:path'
import {didYouMean} from '../language/distance.js'
import {shellQuote} from '../language/shell.js'
import type {FormatName} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {visible} from '../reports/visible.js'
import {fileError} from '../system/files.js'
import {alreadyThere, writeTogether} from '../system/new-files.js'
import {SCHEMA_COMMENT, SCHEMA_FILE, schemaText} from './schema.js'
import {isProjectName, projectFiles, projectName, type TemplateFile, templates} from './templates.js'

export interface InitOptions {
  readonly template: string
  /** Default: `def`. */
  readonly format?: FormatName | undefined
  /** Default: that of the folder. */
  readonly name?: string | undefined
  /** Overwrites files that are there. */
  readonly force?: boolean | undefined
}

export interface Initialized {
  readonly template: string
  readonly title: string
  readonly format: FormatName
  readonly name: string
  readonly folder: string
  /** The description, and the image that a build of it writes, below the folder. */
  readonly input: string
  readonly image: string
  readonly files: readonly string[]
  /** What to type next, in the current folder. */
  readonly next: readonly string[]
}

/** @throws SifstageError (2) for a template or name that is none, and for files that are there or cannot be written */
export async function initialize(folder: string, options: InitOptions): Promise<Initialized> {
  if (folder === '')
    throw new SifstageError(
      ExitCode.usage,
      'the name of the folder is empty',
      'Name one, or leave it out for this folder: sifstage init DIR',
    )
  const place = resolve(folder)
  const {template, format, name} = choice(options, projectName(place))
  const {input, image, files: templated} = projectFiles(template, format, name)
  const files = format === 'yaml' ? await withSchema(templated, input) : templated
  const paths = files.map(each => each.path)
  try {
    const there = options.force === true ? [] : await alreadyThere(place, paths)
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
  const enter = inside === '' ? [] : [`cd ${shellQuote(inside.startsWith('-') ? `./${inside}` : inside)}`]
  return {
    template: template.name,
    title: template.title,
    format,
    name,
    folder: place,
    input,
    image,
    files: paths,
    next: [...enter, `sifstage check ${input}`, `sifstage build ${input}`],
  }
}

/** With the schema beside the description, which names it: editors then know its keys. */
async function withSchema(files: readonly TemplateFile[], input: string): Promise<readonly TemplateFile[]> {
  const named = files.map(each => (each.path === input ? {...each, text: `# ${SCHEMA_COMMENT}\n${each.text}`} : each))
  return [...named, {path: SCHEMA_FILE, text: await schemaText()}]
}

function choice({template: named, format = 'def', name}: InitOptions, suggested: string | undefined) {
  const known = templates()
  const template = known.find(each => each.name === named)
  if (template === undefined) {
    const names = known.map(each => each.name)
    const meant = didYouMean(named, names)
    throw new SifstageError(
      ExitCode.usage,
      `there is no template ${JSON.stringify(visible(named))}`,
      `${meant === undefined ? '' : `Did you mean ${meant}? `}There are: ${names.join(', ')}.`,
    )
  }
  if (!template.formats.includes(format))
    throw new SifstageError(
      ExitCode.usage,
      `template ${template.name} is not written so`,
      `Take --format ${template.formats.join(' or ')}.`,
    )
  if (name !== undefined && !isProjectName(name))
    throw new SifstageError(
      ExitCode.usage,
      `--name ${JSON.stringify(visible(name))}: an image cannot be called this`,
      'It becomes a part of file names: at most 64 letters, digits, dots, underscores and hyphens, the first a letter or a digit.',
    )
  return {template, format, name: name ?? suggested ?? template.name}
}
