/** Every input of this repository that builds, or is built by people: what a rule says of them had better be true. */
import {readdirSync, readFileSync} from 'node:fs'
import {join, relative} from 'node:path'
import {groups, runChecks} from '../../src/checks/index.js'
import type {FormatName} from '../../src/model/description.js'
import type {Diagnostic} from '../../src/model/diagnostic.js'
import type {ContextFiles} from '../../src/model/format.js'
import {contextFiles} from '../../src/system/context.js'
import {anything} from '../support/anything.js'
import {readCases} from '../support/cases.js'
import {read} from './reading.js'

export interface CorpusInput {
  /** Path in this repository. */
  readonly name: string
  readonly format: FormatName
  readonly text: string
  readonly context: ContextFiles
}

const root = join(import.meta.dirname, '../..')

function files(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), {recursive: true, withFileTypes: true})
    .filter(entry => entry.isFile() && pattern.test(entry.name))
    .map(entry => relative(root, join(entry.parentPath, entry.name)))
    .sort()
}

function formatOf(name: string): FormatName {
  return name.endsWith('.def') ? 'def' : name.endsWith('.yaml') ? 'yaml' : 'dockerfile'
}

/** Conformance cases hold their input as a part of a file of their own. */
function cases(folder: string, part: string, format: FormatName): CorpusInput[] {
  return readCases(join(root, folder)).flatMap(each => {
    const text = each.parts.get(part)
    return text === undefined ? [] : {name: `${folder}/${each.name}`, format, text, context: anything}
  })
}

export function corpus(): CorpusInput[] {
  const onDisk = [
    ...files('examples', /^Dockerfile$|\.def$|^stages\.yaml$/),
    ...files('test/conformance/definitions', /\.def$/),
    ...files('test/real', /\.def$|Dockerfile$/),
  ].map(name => ({
    name,
    format: formatOf(name),
    text: readFileSync(join(root, name), 'utf8').replaceAll(/(?<=: )REGISTRY\//g, 'localhost:5000/'),
    context: name.startsWith('examples/') ? contextFiles(join(root, name, '..')) : anything,
  }))
  return [
    ...onDisk,
    ...cases('test/conformance/to-def/cases', 'Dockerfile', 'dockerfile'),
    ...cases('test/conformance/to-docker/cases', 'x.def', 'def'),
  ]
}

/** Group of a rule, for the rate of each. */
export const groupOf: ReadonlyMap<string, string> = new Map(
  groups.flatMap(group => group.checks.map(check => [check.name, group.name] as const)),
)

/** What the rules say of one input; nothing where it is one that has to be refused. */
export function findingsOf({name, format, text, context}: CorpusInput): readonly Diagnostic[] {
  const {description} = read(format, text, name)
  return description === undefined ? [] : runChecks(description, {context, target: undefined, ignore: undefined}, text)
}
