/** `mounts:` of a run step (K128, K129). */
import type {Node} from 'yaml'
import {type MountFields, takeField} from '../../language/mount-fields.js'
import type {Mount} from '../../model/description.js'
import type {Template} from '../../model/template.js'
import {makeMount} from '../dockerfile/make-mount.js'
import {readOrigin} from './copies.js'
import {expandNode} from './expand.js'
import type {OpenStage, Reading} from './reading.js'
import type {StepInput} from './schema.js'

type MountInput = NonNullable<Extract<StepInput, {run: unknown}>['mounts']>[number]

export function readMounts(reading: Reading, open: OpenStage, node: Node, inputs: readonly MountInput[]): Mount[] {
  const {yaml} = reading
  return inputs.flatMap((input, i) => {
    const place = yaml.resolved(yaml.node(['mounts', i], node)) ?? node
    return readMount(reading, open, place, input) ?? []
  })
}

/** Keys whose values are taken as they are; the type comes first, since others depend on it. */
const plainKeys = ['type', 'readonly', 'sharing', 'size', 'required', 'uid', 'gid', 'mode', 'env'] as const

function readMount(reading: Reading, open: OpenStage, place: Node, input: MountInput): Mount | undefined {
  const {yaml, problems} = reading
  const span = yaml.span(place)
  const fields: MountFields = {type: input.type ?? 'bind'}
  for (const key of plainKeys) {
    const text = input[key]
    if (text === undefined) continue
    const trouble = takeField(fields, `${key}=${text}`, value => [value])
    if (trouble === undefined) continue
    problems.syntax(yaml.span(yaml.node([key], place) ?? place), sentence(trouble.message))
    return undefined
  }
  for (const key of ['source', 'target', 'id'] as const) {
    const text = input[key]
    if (text === undefined) continue
    const filled: Template | undefined = expandNode(reading, yaml.node([key], place) ?? place, text, open.scope.lookup)
    if (filled === undefined) return undefined
    fields[key] = filled
  }
  // What it names is found below; any text stands for it here.
  if (input.from !== undefined) fields.from = typeof input.from === 'string' ? input.from : 'map'
  const made = makeMount(fields, span, open.workdir, () => readOrigin(reading, place, input.from))
  if (made === undefined || !('message' in made)) return made
  problems.syntax(span, sentence(made.message), made.hint)
  return undefined
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`
}
