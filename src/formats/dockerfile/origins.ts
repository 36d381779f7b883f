/** What `--from` names: a stage, by name or by its place, or an image (K70, K71, K74). */
import {nearest} from '../../language/distance.js'
import type {CopyOrigin} from '../../model/description.js'
import {normalizeReference, showImageReference} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {wordSpan} from './arguments.js'
import {imageName} from './image-names.js'
import type {Instruction} from './instruction.js'
import type {Reading} from './reading.js'

type NamedOrigin = Extract<CopyOrigin, {kind: 'stage' | 'image'}>

/** The last stage of that name, else an image, unless it is nearly a stage's name. Undefined after a problem. */
export function namedOrigin(reading: Reading, text: string, span: Span): NamedOrigin | undefined {
  const index = reading.lastNamed.get(text.toLowerCase())
  if (index !== undefined) return {kind: 'stage', name: text.toLowerCase(), index, span}
  if (!/[/:.@]/.test(text) && nearest(text.toLowerCase(), reading.lastNamed.keys()) !== undefined) {
    return {kind: 'stage', name: text, index: undefined, span}
  }
  const image = imageName(text)
  if (image.kind === 'image')
    return (
      reading.images.get(normalizeReference(showImageReference(image.reference)))?.origin ?? {
        kind: 'image',
        reference: image.reference,
        span,
      }
    )
  reading.problems.syntax(span, image.message, image.hint)
  return undefined
}

/** `COPY --from`; without it the build context. */
export function copyOrigin(
  reading: Reading,
  instruction: Extract<Instruction, {name: 'COPY' | 'ADD'}>,
): NamedOrigin | {readonly kind: 'context'} | undefined {
  const flag = instruction.flags.find(candidate => candidate.name === 'from')
  const text = flag?.value.text ?? ''
  if (flag === undefined || text === '') return {kind: 'context'}
  const span = wordSpan(flag.value)
  if (text.includes('$')) {
    const hint = 'Define a stage with FROM, which may use an ARG from above the first FROM, and copy from that.'
    reading.problems.syntax(span, 'variable expansion is not supported for --from', hint)
    return undefined
  }
  if (/^[0-9]+$/.test(text)) {
    const index = Number(text)
    return {kind: 'stage', name: text, index: index < reading.stageCount ? index : undefined, span}
  }
  return namedOrigin(reading, text, span)
}
