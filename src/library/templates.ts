/** The examples of `sifstage init`: each a folder of templates/, with one description a format and the sources it builds. */
import {existsSync, readdirSync, readFileSync} from 'node:fs'
import {basename, join, relative, resolve} from 'node:path'
import {fileURLToPath} from 'node:url'
import type {FormatName} from '../model/description.js'
import {defaultOutput} from './target-file.js'

const FOLDER = fileURLToPath(new URL('../../templates/', import.meta.url))

/** Where a template keeps its description in each format, and what the file is called for a project. */
const DESCRIPTIONS: Readonly<Record<FormatName, {readonly kept: string; readonly written: (name: string) => string}>> = {
  def: {kept: 'image.def', written: name => `${name}.def`},
  dockerfile: {kept: 'Dockerfile', written: () => 'Dockerfile'},
  yaml: {kept: 'stages.yaml', written: name => `${name}.yaml`},
}

/** Of the tool itself; no part of what is written. */
const OWN = 'template.json'

/** What stands in the texts of a template for the name of the project. */
const NAME = /\bmy-image\b/g

export interface Template {
  readonly name: string
  readonly title: string
  readonly summary: string
  readonly formats: readonly FormatName[]
}

export interface TemplateFile {
  /** Below the project's folder. */
  readonly path: string
  readonly text: string
}

/** All templates, by name. */
export function templates(): readonly Template[] {
  return readdirSync(FOLDER, {withFileTypes: true})
    .filter(entry => entry.isDirectory() && existsSync(join(FOLDER, entry.name, OWN)))
    .map(({name}) => {
      const {title, summary} = JSON.parse(readFileSync(join(FOLDER, name, OWN), 'utf8')) as {title: string; summary: string}
      const formats = (Object.keys(DESCRIPTIONS) as FormatName[]).filter(each =>
        existsSync(join(FOLDER, name, DESCRIPTIONS[each].kept)),
      )
      return {name, title, summary, formats}
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
}

/** Whether a project may be called this: the name becomes a part of file names, labels and commands. */
export function isProjectName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(name)
}

/** A project's name out of that of its folder; undefined where nothing of it can be used. */
export function projectName(folder: string): string | undefined {
  const name = basename(resolve(folder))
    .replaceAll(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, 64)
    .replace(/[-.]+$/, '')
  return isProjectName(name) ? name : undefined
}

export interface Project {
  /** The description, below the project's folder. */
  readonly input: string
  /** The image that a build of it writes there. */
  readonly image: string
  readonly files: readonly TemplateFile[]
}

/** The files of a template for a project of this name. */
export function projectFiles(template: Template, format: FormatName, name: string): Project {
  const folder = join(FOLDER, template.name)
  const input = DESCRIPTIONS[format].written(name)
  const image = defaultOutput(input)
  const others = new Set([OWN, ...Object.values(DESCRIPTIONS).map(each => each.kept)])
  const text = (path: string) => readFileSync(join(folder, path), 'utf8')
  const sources = readdirSync(folder, {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile())
    .map(entry => relative(folder, join(entry.parentPath, entry.name)))
    .filter(path => !others.has(path))
    .sort()
  return {
    input,
    image,
    files: [
      {path: input, text: text(DESCRIPTIONS[format].kept).replaceAll(NAME, name)},
      ...sources.map(path =>
        path === 'README.md'
          ? {path, text: text(path).replaceAll(NAME, name).replaceAll('@INPUT@', input).replaceAll('@IMAGE@', image)}
          : {path, text: text(path)},
      ),
    ],
  }
}
