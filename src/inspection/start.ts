/** What the image runs and which variables it sets: from Apptainer's own files in it, else from what an OCI image says. */
import {shellQuote} from '../language/shell.js'
import {Variables, walkScript} from '../language/shell-walk.js'
import type {ImageConfig} from '../model/image-config.js'
import type {Row} from '../model/report.js'
import {type Facts, follow, type Topic} from './topic.js'

export interface Start {
  /** In one line; left out for an image that has none. */
  readonly runs?: string
  /** In the order in which they are set; a value that only a shell can tell is as written. */
  readonly environment: readonly {readonly name: string; readonly value: string}[]
}

const FOLDER = '/.singularity.d'
const RUNSCRIPT = `${FOLDER}/runscript`
const LONGEST = 160

function environmentFiles({tree}: Pick<Facts, 'tree'>): string[] {
  return tree
    .list(`${FOLDER}/env`)
    .filter(name => /^\d.*\.sh$/.test(name))
    .map(name => `${FOLDER}/env/${name}`)
}

/** Sets the engine's own, in every image. */
const ENGINE_FILE = /\/(01-base|9[1-9]-[\w-]+|99-[\w-]+)\.sh$/

/** Cut where a line gets too long to read. */
function shortened(text: string): string {
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`
}

/** A script in a line: Apptainer's own for an OCI image is told by its two variables. */
export function scriptLine(text: string): string | undefined {
  const oci = ['ENTRYPOINT', 'CMD'].flatMap(name => {
    const match = new RegExp(`^OCI_${name}='(.*)'$`, 'm').exec(text)
    return match === null ? [] : [match[1] ?? '']
  })
  if (oci.length > 0) return oci.join(' ').trim() || undefined
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '' && !line.startsWith('#'))
  return lines.length === 0 ? undefined : shortened(lines.join('; '))
}

/** Variables that a script exports, with their values as far as its text tells. */
export function exported(text: string): {name: string; value: string}[] {
  const {ran, end} = walkScript(text, {folder: undefined, variables: new Variables()})
  const result = new Map<string, string>()
  for (const {program, argv, assigned} of ran) {
    for (const {name} of assigned) if (result.has(name)) result.set(name, end.variables.get(name) ?? result.get(name) ?? '')
    if (program !== 'export') continue
    for (const word of argv.slice(1)) {
      const match = /^([A-Za-z_]\w*)(?:=([\s\S]*))?$/.exec(word.value ?? word.raw)
      if (match === null) continue
      const [, name = '', value = end.variables.get(name) ?? ''] = match
      result.set(name, value)
    }
  }
  return [...result].map(([name, value]) => ({name, value}))
}

function fromConfig(config: ImageConfig): Start {
  const words = [...config.entrypoint, ...config.cmd]
  return {
    ...(words.length === 0 ? {} : {runs: shortened(words.map(shellQuote).join(' '))}),
    environment: [...config.env].map(([name, value]) => ({name, value})),
  }
}

function fromFiles(facts: Facts): Start {
  const variables = new Map<string, string>()
  for (const path of environmentFiles(facts)) {
    if (ENGINE_FILE.test(path)) continue
    for (const {name, value} of exported(facts.text(path) ?? '')) variables.set(name, value)
  }
  const runs = scriptLine(facts.text(RUNSCRIPT) ?? '')
  return {...(runs === undefined ? {} : {runs}), environment: [...variables].map(([name, value]) => ({name, value}))}
}

export const start: Topic<Start> = {
  title: 'how it runs',
  wants: names => ({texts: [RUNSCRIPT, ...environmentFiles(names)]}),
  look(facts) {
    const data =
      follow(facts.tree, FOLDER)?.kind === 'directory'
        ? fromFiles(facts)
        : facts.config === undefined
          ? {environment: []}
          : fromConfig(facts.config)
    const rows: Row[] = [
      ...(data.runs === undefined ? [] : [['runs', data.runs] satisfies Row]),
      ...data.environment.map(({name, value}, i): Row => [i === 0 ? 'sets' : '', shortened(`${name}=${value}`)]),
    ]
    return {data, rows}
  },
}
