/** Steps that bring files in: copy, add, write (K71, K81–K105). */
import {isSeq, type Node} from 'yaml'
import {isMode} from '../../language/modes.js'
import {rootedPath} from '../../language/paths.js'
import {checksumTrouble, remoteSource} from '../../language/remote-sources.js'
import type {CopyOrigin, CopySource, CopyStep, Expectation, Step} from '../../model/description.js'
import {baseName} from '../../model/paths.js'
import {literal, plainText, type Template} from '../../model/template.js'
import {destinationPath, sourcePath} from '../dockerfile/template-paths.js'
import {expandGlobal, readReference} from './base.js'
import type {YamlDocument} from './document.js'
import {expandNode} from './expand.js'
import type {OpenStage, Reading} from './reading.js'
import type {StepInput} from './schema.js'

export type Own = Pick<CopyStep, 'rules' | 'span' | 'comment'>

export function readCopy(
  reading: Reading,
  open: OpenStage,
  node: Node,
  input: Extract<StepInput, {copy: unknown}>,
  own: Own,
): Step[] {
  const {yaml, problems} = reading
  const from = readOrigin(reading, node, input.from)
  const list = yaml.resolved(yaml.node(['copy'], node))
  const texts = typeof input.copy === 'string' ? [input.copy] : input.copy
  if (texts.length === 0) problems.syntax(yaml.span(list ?? node), 'The list "copy" is empty: there is nothing to copy.')
  const sources = texts.flatMap((text, i): CopySource[] => {
    const item = (isSeq(list) ? yaml.node([i], list) : yaml.node(['copy'], node)) ?? node
    const path = expandNode(reading, item, text, open.scope.lookup)
    if (path === undefined) return []
    if (plainText(path) === '') {
      problems.syntax(
        yaml.span(item),
        'This source is empty, which would mean everything.',
        'Write "." for everything, or give the variable a value.',
      )
      return []
    }
    return [
      {path: sourcePath(path, from.kind === 'context' ? 'context' : 'image', input.parents === 'true'), span: yaml.span(item)},
    ]
  })
  const placing = readPlacing(reading, open, node, input)
  return placing === undefined
    ? []
    : [
        {
          ...own,
          kind: 'copy',
          from,
          sources,
          ...placing,
          ...(input.unpack === undefined ? {} : {unpack: input.unpack}),
          ...readExpectation(yaml, node, input.expect),
        },
      ]
}

/** K104, K105. */
export function readAdd(
  reading: Reading,
  open: OpenStage,
  node: Node,
  input: Extract<StepInput, {add: unknown}>,
  own: Own,
): Step[] {
  const {yaml, problems} = reading
  const place = yaml.node(['add'], node) ?? node
  const span = yaml.span(place)
  const placing = readPlacing(reading, open, node, input)
  const fetched =
    typeof input.add === 'string' ? readUrl(reading, open, place, input.add) : readGit(reading, open, place, input.add)
  const checksum =
    input.checksum === undefined ? '' : plainOf(reading, open, yaml.node(['checksum'], node) ?? node, input.checksum)
  if (placing === undefined || fetched === undefined || checksum === undefined) return []
  const {from, name} = fetched
  const trouble = checksum === '' ? undefined : checksumTrouble(from.kind, checksum)
  if (trouble !== undefined) problems.syntax(yaml.span(yaml.node(['checksum'], node) ?? node), capital(trouble))
  const unpacked = from.kind === 'url' ? {unpack: input.unpack ?? 'never'} : {}
  const origin = checksum === '' ? from : {...from, checksum}
  return [{...own, kind: 'copy', from: origin, sources: [{path: literal(name), span}], ...placing, ...unpacked}]
}

type Fetched = {readonly from: Extract<CopyOrigin, {kind: 'url' | 'git'}>; readonly name: string}

function readUrl(reading: Reading, open: OpenStage, place: Node, text: string): Fetched | undefined {
  const span = reading.yaml.span(place)
  const url = plainOf(reading, open, place, text)
  if (url === undefined) return undefined
  const remote = remoteSource(url)
  if (remote === undefined || remote.kind === 'bad') {
    const message =
      remote === undefined ? `${JSON.stringify(url)} is nothing that can be fetched.` : `${capital(remote.message)}.`
    reading.problems.syntax(span, message, 'Write a URL (https://…), or {git: REPOSITORY}. A file of the context is a copy.')
    return undefined
  }
  if (remote.kind === 'url') return {from: {kind: 'url', url, span}, name: remote.name}
  return {from: {...remote, keepGitDir: remote.keepGitDir ?? false, span}, name: '.'}
}

function readGit(
  reading: Reading,
  open: OpenStage,
  place: Node,
  input: Exclude<Extract<StepInput, {add: unknown}>['add'], string>,
): Fetched | undefined {
  const {yaml} = reading
  const filled = (key: 'git' | 'ref' | 'folder'): string | undefined => {
    const text = input[key]
    return text === undefined ? '' : plainOf(reading, open, yaml.node([key], yaml.resolved(place)) ?? place, text)
  }
  const [repository, ref, folder] = [filled('git'), filled('ref'), filled('folder')]
  if (repository === undefined || ref === undefined || folder === undefined) return undefined
  const span = yaml.span(place)
  if (repository === '') {
    reading.problems.syntax(span, 'The repository is empty.', 'Write its URL.')
    return undefined
  }
  const from = {
    kind: 'git',
    repository,
    ...(ref === '' ? {} : {ref}),
    ...(folder === '' ? {} : {folder}),
    keepGitDir: input['keep-git-dir'] === 'true',
    submodules: input.submodules !== 'false',
    span,
  } as const
  return {from, name: '.'}
}

/** A text that has to be known now; a variable of an unknown base is reported. */
function plainOf(reading: Reading, open: OpenStage, node: Node, text: string): string | undefined {
  const template = expandNode(reading, node, text, open.scope.lookup)
  const plain = template && plainText(template)
  if (template !== undefined && plain === undefined)
    reading.problems.add(
      'base-variable-needed',
      'error',
      reading.yaml.span(node),
      `${JSON.stringify(text)} needs a variable of the base image, and nobody could look at the image yet.`,
      'Set the variable with env or args first.',
    )
  return plain
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** K74: no variables in the name of a stage. */
export function readOrigin(
  reading: Reading,
  node: Node,
  from: Extract<StepInput, {copy: unknown}>['from'],
): Extract<CopyOrigin, {kind: 'context' | 'stage' | 'image'}> {
  const {yaml, problems} = reading
  const place = yaml.node(['from'], node)
  if (from === undefined || place === undefined) return {kind: 'context'}
  if (typeof from === 'string') {
    const span = yaml.span(place)
    if (from.includes('$')) {
      problems.syntax(
        span,
        'The name of a stage cannot have variables here.',
        'Write the name itself. An image may have them: {image: …}.',
      )
    }
    return {kind: 'stage', name: from, index: reading.indexOf.get(from), span}
  }
  if ('folder' in from) {
    const folder = rootedPath(from.folder)
    const ignore = from.ignore === undefined ? {} : {ignore: rootedPath(from.ignore)}
    return {kind: 'context', ...(folder === '.' ? {} : {folder}), ...ignore}
  }
  const image = yaml.node(['image'], yaml.resolved(place)) ?? place
  const span = yaml.span(image)
  const text = expandGlobal(reading, image, from.image)
  const reference = text === undefined ? undefined : readReference(reading, text, span)
  // After a problem no description is made; the rest of the step is looked at all the same.
  return reference === undefined ? {kind: 'stage', name: from.image, index: undefined, span} : {kind: 'image', reference, span}
}

export function readWrite(
  reading: Reading,
  open: OpenStage,
  node: Node,
  input: Extract<StepInput, {write: unknown}>,
  own: Own,
): Step[] {
  const {yaml, problems} = reading
  const placing = readPlacing(reading, open, node, input)
  if (placing === undefined) return []
  const place = yaml.node(['write'], node) ?? node
  const content = (text: string, at: Node): Template =>
    input.expand === 'true' ? (expandNode(reading, at, text, open.scope.lookup) ?? []) : literal(text)
  if (typeof input.write === 'string') {
    const path = placing.destination.path.map(part => (typeof part === 'string' ? part : part.variable)).join('')
    const name = baseName(path)
    if (name === '') {
      problems.syntax(
        placing.destination.span,
        'The file needs a name.',
        'Write "to: FOLDER/NAME", or name the text: "write: {NAME: TEXT}".',
      )
      return []
    }
    return [
      {
        ...own,
        kind: 'copy',
        from: {kind: 'inline', files: [{name, text: content(input.write, place)}]},
        sources: [{path: literal(name), span: yaml.span(place)}],
        ...placing,
      },
    ]
  }
  const files = yaml.inOrder(input.write, ['write'], node).map(([name, text]) => ({
    name,
    text: content(text, yaml.node([name], yaml.resolved(place)) ?? place),
  }))
  if (files.length === 0) {
    problems.syntax(yaml.span(place), 'The map "write" is empty: there is nothing to write.')
    return []
  }
  const sources = files.map(({name}) => ({path: literal(name), span: yaml.span(yaml.key([name], yaml.resolved(place)) ?? place)}))
  return [{...own, kind: 'copy', from: {kind: 'inline', files}, sources, ...placing}]
}

type Placing = Pick<CopyStep, 'chown' | 'chmod' | 'link' | 'parents' | 'exclude'> & {
  readonly destination: NonNullable<CopyStep['destination']>
}

function readPlacing(
  reading: Reading,
  open: OpenStage,
  node: Node,
  input: Pick<Extract<StepInput, {copy: unknown}>, 'to' | 'chown' | 'chmod' | 'link' | 'parents' | 'exclude'>,
): Placing | undefined {
  const {yaml, problems} = reading
  const filled = (key: string, text: string | undefined) =>
    text === undefined ? [] : expandNode(reading, yaml.node([key], node) ?? node, text, open.scope.lookup)
  const to = filled('to', input.to)
  const chown = filled('chown', input.chown)
  const chmod = filled('chmod', input.chmod)
  if (to === undefined || chown === undefined || chmod === undefined) return undefined
  const mode = plainText(chmod)
  if (mode !== undefined && mode !== '' && !isMode(mode)) {
    problems.syntax(
      yaml.span(yaml.node(['chmod'], node) ?? node),
      `${JSON.stringify(mode)} is no mode.`,
      'Write it in octal (0755), or as chmod(1) has it (u+x).',
    )
  }
  return {
    destination: {path: destinationPath(open.workdir, to), span: yaml.span(yaml.node(['to'], node) ?? node)},
    ...(plainText(chown) === '' ? {} : {chown}),
    ...(mode === '' ? {} : {chmod}),
    // K100: ignored together with a mode.
    ...(input.link === 'true' && mode === '' ? {link: true} : {}),
    ...(input.parents === 'true' ? {parents: true} : {}),
    ...(input.exclude === undefined ? {} : {exclude: input.exclude}),
  }
}

function readExpectation(
  yaml: YamlDocument,
  node: Node,
  expect: Extract<StepInput, {copy: unknown}>['expect'],
): {expect?: Expectation} {
  const place = yaml.node(['expect'], node)
  if (expect === undefined || place === undefined) return {}
  const {kind, executable, 'min-size': least, 'max-size': most, sha256, arch, libraries, static: linked} = expect
  return {
    expect: {
      ...(kind === undefined ? {} : {kind}),
      ...(executable === undefined ? {} : {executable: executable === 'true'}),
      ...(least === undefined ? {} : {minSize: bytesOf(least)}),
      ...(most === undefined ? {} : {maxSize: bytesOf(most)}),
      ...(sha256 === undefined ? {} : {sha256}),
      ...(arch === undefined ? {} : {arch}),
      ...(libraries === undefined ? {} : {libraries}),
      ...(linked === undefined ? {} : {static: linked === 'true'}),
      span: yaml.span(place),
    },
  }
}

const UNITS: Readonly<Record<string, number>> = {kB: 1e3, MB: 1e6, GB: 1e9, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30}

/** `2 MB` to bytes; the schema has seen to its form. */
function bytesOf(size: string): number {
  return Number.parseInt(size, 10) * (UNITS[/[A-Za-z]+$/.exec(size)?.[0] ?? ''] ?? 1)
}
