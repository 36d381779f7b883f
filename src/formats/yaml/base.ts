/** What a stage starts from. */
import type {Node} from 'yaml'
import {nearest} from '../../language/distance.js'
import type {Base} from '../../model/description.js'
import {
  type ImageReference,
  type LocalReference,
  normalizeReference,
  parseImageReference,
  showImageReference,
  showLocalReference,
} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {plainText} from '../../model/template.js'
import {imageName} from '../dockerfile/image-names.js'
import {expandNode} from './expand.js'
import type {Reading} from './reading.js'
import type {StageInput} from './schema.js'

const transports = ['docker', 'oras', 'library', 'shub', 'docker-daemon', 'containers-storage']

/** After a problem it is some base, so that the rest of the stage is looked at too. */
export function readBase(reading: Reading, from: StageInput['from'], node: Node, stage: string): Base {
  const {yaml, problems} = reading
  if (typeof from === 'object') {
    const named = yaml.node(['stage'], yaml.resolved(node)) ?? node
    const span = yaml.span(named)
    const name = expandGlobal(reading, named, from.stage)
    return {kind: 'stage', name: name ?? from.stage, index: name === undefined ? undefined : reading.indexOf.get(name), span}
  }
  const span = yaml.span(node)
  const nothing: Base = {kind: 'scratch', span}
  const text = expandGlobal(reading, node, from)
  if (text === undefined) return nothing
  if (text === '') {
    problems.syntax(
      span,
      'The base is empty.',
      'Name an image, a file, or scratch. A variable gets its value from "args" or --build-arg.',
    )
    return nothing
  }
  if (text === 'scratch') return nothing
  const local = localReference(text)
  if (local !== undefined) {
    const config = reading.options.configs?.get(showLocalReference(local))
    return {kind: 'local', reference: local, span, ...(config === undefined ? {} : {config})}
  }
  if (/\.(sif|simg|img)$/.test(text) && !text.includes(':')) {
    problems.syntax(span, `${JSON.stringify(text)} would be an image of a registry.`, `Write ./${text} for the file.`)
    return nothing
  }
  const reference = readReference(reading, text, span)
  if (reading.indexOf.has(text)) {
    problems.add(
      'image-named-like-stage',
      'warning',
      span,
      `${JSON.stringify(text)} is an image of a registry here, not the stage of that name.`,
      `Write {stage: ${text}} to start from the stage, or docker://${text} for the image.`,
      stage,
    )
  }
  if (reference === undefined) return nothing
  const config = reading.options.configs?.get(normalizeReference(showImageReference(reference)))
  return {kind: 'image', reference, span, ...(config === undefined ? {} : {config})}
}

/** Undefined after a problem. */
export function readReference({problems}: Reading, text: string, span: Span): ImageReference | undefined {
  const reference = parseImageReference(text)
  if (!transports.includes(reference.transport)) {
    const near = nearest(reference.transport, transports)
    problems.syntax(
      span,
      `There is no way to fetch an image by "${reference.transport}://".`,
      near === undefined ? `The ways are ${transports.join(', ')}.` : `Did you mean "${near}"?`,
    )
    return undefined
  }
  if (reference.transport !== 'docker') {
    if (reference.name !== '') return reference
    problems.syntax(span, `${JSON.stringify(text)} names no image.`)
    return undefined
  }
  const checked = imageName(reference.name)
  if (checked.kind === 'image') return reference
  problems.syntax(span, `${checked.message}.`, checked.hint)
  return undefined
}

function localReference(text: string): LocalReference | undefined {
  if (/^\.{0,2}\//.test(text)) return {agent: 'localimage', path: text}
  const match = /^(oci|oci-archive|docker-archive):(?!\/\/)(.+)$/s.exec(text)
  const path = match?.[2]
  if (path === undefined) return undefined
  switch (match?.[1]) {
    case 'oci':
      return {agent: 'oci', path}
    case 'oci-archive':
      return {agent: 'oci-archive', path}
    default:
      return {agent: 'docker-archive', path}
  }
}

/** A base is chosen before any stage runs: only `args` are filled in (K66). */
export function expandGlobal(reading: Reading, node: Node, text: string): string | undefined {
  const template = expandNode(reading, node, text, reading.buildArguments.lookup)
  return template && plainText(template)
}
