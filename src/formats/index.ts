/** The formats sifstage reads and writes, and how it tells which one an input is in (design section 3). */
import type {FormatName} from '../model/description.js'
import type {Editing, Format} from '../model/format.js'
import type {ConversionRule} from '../model/grade.js'
import {matchesYamlName, matchesYamlText} from './yaml/match.js'

/** What is known of a format before its code is loaded: a command loads only the format that it needs. */
export interface FormatEntry {
  readonly name: FormatName
  /** For messages: `a definition file`. */
  readonly title: string
  /** True when a file of this base name is of this format. */
  matchesName(name: string): boolean
  /** True when the text's first significant word, or a key at its top level, says it is of this format. */
  matchesText(text: string): boolean
  load(): Promise<Format>
  /** What an editor, or a shell that completes a line, asks of it. */
  loadEditing(): Promise<Editing>
}

/** In the order in which names are tried: the first match counts. */
export const formats: readonly FormatEntry[] = [
  {
    name: 'yaml',
    title: 'a description in YAML',
    matchesName: matchesYamlName,
    matchesText: matchesYamlText,
    load: async () => (await import('./yaml/index.js')).yaml,
    loadEditing: async () => (await import('./yaml/editing.js')).editing,
  },
  {
    name: 'dockerfile',
    title: 'a Dockerfile',
    // `Dockerfile.dockerignore` is the ignore file of the Dockerfile beside it (K106).
    matchesName: name =>
      /^(docker|container)file$|^dockerfile\..+|\.dockerfile$/i.test(name) && !/\.(def|dockerignore)$/i.test(name),
    matchesText: text => /^(from|arg)$/i.test(firstWord(text)),
    load: async () => (await import('./dockerfile/index.js')).dockerfile,
    loadEditing: async () => (await import('./dockerfile/editing.js')).editing,
  },
  {
    name: 'def',
    title: 'a definition file',
    matchesName: name =>
      /\.def$/i.test(name) || (/^(Singularity|Apptainer)(\..+)?$|^Apptainerfile$/.test(name) && !/\.(sif|img)$/i.test(name)),
    matchesText: text => /^bootstrap:/i.test(firstWord(text)),
    load: async () => (await import('./deffile/index.js')).deffile,
    loadEditing: async () => (await import('./deffile/editing.js')).editing,
  },
]

export function formatNamed(name: FormatName): FormatEntry {
  const found = formats.find(format => format.name === name)
  if (found === undefined) throw new Error(`no format is called ${name}`)
  return found
}

/** The format of an input: by its file's name, else by its text. `-` (standard input) has no name that says anything. */
export function detectFormat(path: string, text: string): FormatEntry | undefined {
  return formatOfName(path) ?? formatOfText(text)
}

export function formatOfName(path: string): FormatEntry | undefined {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
  return formats.find(format => format.matchesName(name))
}

/** A definition file and a Dockerfile are asked before YAML, whose key may stand anywhere. */
export function formatOfText(text: string): FormatEntry | undefined {
  return formats.toReversed().find(format => format.matchesText(text))
}

/** The first word that is neither white space nor in a comment line, as far as it is needed to tell formats apart. */
function firstWord(text: string): string {
  let at = text.startsWith('\ufeff') ? 1 : 0
  for (;;) {
    while (at < text.length && /\s/.test(text.charAt(at))) at += 1
    if (text.charAt(at) !== '#') break
    const end = text.indexOf('\n', at)
    if (end === -1) return ''
    at = end
  }
  return /^\S{1,40}/.exec(text.slice(at, at + 40))?.[0] ?? ''
}

/** What the readers remark on, for whoever explains rules. */
export async function loadRemarks() {
  const [own, elsewhere] = await Promise.all([import('./remarks.js'), import('./remarks-elsewhere.js')])
  return {...own, ...elsewhere}
}

/** What the writers refuse and warn of, as rules. */
export async function loadConversionRules() {
  const [definition, docker, yaml] = await Promise.all([
    import('./deffile/rules.js'),
    import('./dockerfile/rules.js'),
    import('./yaml/rules.js'),
  ])
  const written = [
    [definition.rules, 'a definition file'],
    [docker.rules, 'a Dockerfile'],
    [yaml.rules, 'YAML'],
  ] as const
  return written.flatMap(([rules, title]) =>
    Object.entries<ConversionRule>(rules).map(([name, {grade, why, instead, ...shown}]) => ({
      name,
      severity: grade === 'refused' ? ('error' as const) : ('warning' as const),
      summary: why,
      why:
        grade === 'refused'
          ? `A conversion to ${title} would come out different, so it is refused. ${instead} --allow ${name} makes it all the same.`
          : `A conversion to ${title} says that it is left out. ${instead}`,
      ...shown,
    })),
  )
}

/** JSON Schema of the YAML description. */
export async function loadSchema(): Promise<unknown> {
  return (await import('./yaml/schema.js')).descriptionJsonSchema()
}
