/**
 * `--to stages`: each stage in a file of its own, for docker and for Apptainer, and what builds one after the other:
 * a `docker-bake.hcl`, a `build.sh`.
 */
import {mkdir, readdir, readFile, rename, rm, writeFile} from 'node:fs/promises'
import {join, relative, resolve} from 'node:path'
import {formatNamed} from '../formats/index.js'
import {shellQuote} from '../language/shell.js'
import type {Description} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {StageFile, StageFilesResult, WriteOptions} from '../model/format.js'
import {besideName, errorCode, fileError} from '../system/files.js'

interface NewFile {
  readonly name: string
  readonly text: string
  readonly mode: number
}

/** Says that a folder is one of ours, and lists what is in it. */
const mark = '.sifstage-stages'

export interface StageFolder {
  /** Missing when neither builder can be told. */
  readonly files?: readonly NewFile[]
  readonly diagnostics: readonly Diagnostic[]
}

/** @param output the folder as typed */
export async function stageFiles(description: Description, options: WriteOptions, output: string): Promise<StageFolder> {
  const folder = relative(resolve(options.context.root), resolve(output))
  const back = relative(resolve(output), resolve(options.context.root))
  const families = await Promise.all(
    (['dockerfile', 'def'] as const).map(async name => {
      const format = await formatNamed(name).load()
      return {name, result: format.writeStages?.(description, {...options, folder}) ?? {diagnostics: []}}
    }),
  )
  const written = families.filter(({result}) => result.files !== undefined)
  if (written.length === 0) return {diagnostics: families.flatMap(({result}) => result.diagnostics)}
  const files: NewFile[] = []
  for (const {name, result} of written) {
    const made = result.files ?? []
    files.push(...(name === 'def' ? definitionFiles(made, folder, back) : dockerFiles(made, folder)))
  }
  files.push({name: mark, text: `${[...files.map(file => file.name), mark].sort().join('\n')}\n`, mode: 0o644})
  return {files, diagnostics: families.flatMap(({name, result}) => findings(name, result))}
}

/** What one family can't say is no error while the other can. */
function findings(name: 'dockerfile' | 'def', result: StageFilesResult): Diagnostic[] {
  if (result.files !== undefined) return [...result.diagnostics]
  const left =
    name === 'def' ? 'The definition files and build.sh are left out' : 'The Dockerfiles and docker-bake.hcl are left out'
  return result.diagnostics
    .filter(each => each.severity === 'error')
    .map(each => ({...each, severity: 'warning', message: `${left}: ${each.message}`}))
}

function dockerFiles(files: readonly StageFile[], folder: string): NewFile[] {
  const target = files.at(-1)?.name ?? ''
  const path = (name: string) => JSON.stringify(join(folder, `${name}.Dockerfile`))
  const blocks = files.map(({name, needs}) => {
    const contexts = needs.map(each => `    ${JSON.stringify(each)} = ${JSON.stringify(`target:${each}`)}\n`).join('')
    const all = contexts === '' ? '' : `  contexts = {\n${contexts}  }\n`
    return `target ${JSON.stringify(name)} {\n  context = "."\n  dockerfile = ${path(name)}\n${all}}\n`
  })
  const bake = [
    `# In the folder of the build context: docker buildx bake -f ${join(folder, 'docker-bake.hcl')} --load`,
    '',
    `group "default" {\n  targets = [${JSON.stringify(target)}]\n}`,
    '',
    blocks.join('\n'),
  ].join('\n')
  return [
    ...files.map(({name, text}) => ({name: `${name}.Dockerfile`, text, mode: 0o644})),
    {name: 'docker-bake.hcl', text: bake, mode: 0o644},
  ]
}

/** @param back from the folder of the files to the build context, where Apptainer has to be started */
function definitionFiles(files: readonly StageFile[], folder: string, back: string): NewFile[] {
  const lines = [
    '#!/bin/sh',
    '# Builds the stages one after the other; each is NAME.sif in this folder. Options are for apptainer build.',
    'set -eu',
    `cd "$(dirname "$0")"${back === '' ? '' : `/${shellQuote(back)}`}`,
    ...files.map(({name}) => {
      const path = (end: string) => shellQuote(join(folder, `${name}${end}`))
      return `apptainer build --force "$@" ${path('.sif')} ${path('.def')}`
    }),
  ]
  return [
    ...files.map(({name, text}) => ({name: `${name}.def`, text, mode: 0o644})),
    {name: 'build.sh', text: `${lines.join('\n')}\n`, mode: 0o755},
  ]
}

/** Beside its place and then renamed, so that the folder is old or new. What is no folder of ours stays (exit code 2). */
export async function writeFolder(folder: string, files: readonly NewFile[]): Promise<void> {
  await checkReplaceable(folder)
  const beside = besideName(folder)
  const old = besideName(folder)
  try {
    await mkdir(beside, {mode: 0o755})
    for (const {name, text, mode} of files) await writeFile(join(beside, name), text, {mode})
    await rename(folder, old).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw error
    })
    await rename(beside, folder)
  } catch (error) {
    throw fileError(`${folder} cannot be written`, error)
  } finally {
    for (const left of [beside, old]) await rm(left, {recursive: true, force: true})
  }
}

async function checkReplaceable(folder: string): Promise<void> {
  let names: readonly string[]
  try {
    names = await readdir(folder)
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return
    throw fileError(`${folder} cannot be written`, error, 'Name a folder, or one that is not there yet.')
  }
  if (names.length === 0) return
  const listed = await readFile(join(folder, mark), 'utf8').then(
    text => new Set(text.split('\n')),
    () => undefined,
  )
  // Images that build.sh made of the files before are as old as these.
  const foreign = names.find(
    name => listed?.has(name) !== true && !(name.endsWith('.sif') && listed?.has(name.replace(/\.sif$/, '.def'))),
  )
  if (foreign === undefined) return
  throw new SifstageError(
    ExitCode.usage,
    `${folder} holds ${foreign}, which sifstage did not write there`,
    'Name another folder, or empty this one.',
  )
}
