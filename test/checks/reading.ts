import {readDeffile} from '../../src/formats/deffile/read.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import type {Scene} from '../../src/model/check.js'
import type {Description, FormatName} from '../../src/model/description.js'
import type {ReadResult} from '../../src/model/format.js'
import {memoryContext} from './memory-context.js'

const readers = {yaml: readYaml, dockerfile: readDockerfile, def: readDeffile}
const names = {yaml: 'stages.yaml', dockerfile: 'Dockerfile', def: 'example.def'}

export function read(format: FormatName, text: string, file = names[format]): ReadResult {
  return readers[format](file, text, {buildArgs: new Map(), architecture: 'amd64'})
}

export function describeText(format: FormatName, text: string, file?: string): Description {
  const {description, diagnostics} = read(format, text, file)
  if (description === undefined) throw new Error(`not readable: ${JSON.stringify(diagnostics, null, 1)}\n${text}`)
  return description
}

export function scene(format: FormatName, files: Readonly<Record<string, string>> = {}, target?: string): Scene {
  const ignore = format === 'def' ? undefined : files['.dockerignore']
  return {
    context: memoryContext(files),
    target,
    ignore: ignore === undefined ? undefined : {file: '.dockerignore', text: ignore},
  }
}
