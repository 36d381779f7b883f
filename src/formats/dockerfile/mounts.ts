/** `RUN --mount` (K72, K74, K128, K129). */
import {parseCsvLine} from '../../language/csv.js'
import {type MountFields, takeField} from '../../language/mount-fields.js'
import type {BindMount, Mount} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import {type Word, wordSpan} from './arguments.js'
import {makeMount} from './make-mount.js'
import {namedOrigin} from './origins.js'
import {expand, type OpenStage, type Reading, remark} from './reading.js'

/** Undefined after a problem, which is reported. */
export function readMount(reading: Reading, stage: OpenStage, flag: Word): Mount | undefined {
  const span = wordSpan(flag)
  const wrong = (message: string, hint?: string): undefined => {
    reading.problems.syntax(span, message, hint)
    return undefined
  }
  const line = parseCsvLine(flag.text)
  if (line.kind === 'problem') return wrong(`failed to parse csv mounts: ${line.message}`, 'Write --mount=type=TYPE,KEY=VALUE,….')
  const fields: MountFields = {type: 'bind'}
  const expanded = (text: string) => expand(reading, {...flag, text}, stage.scope.lookup)
  const before = reading.problems.failed
  for (const field of line.fields) {
    const trouble = takeField(fields, field, expanded)
    if (trouble === undefined) continue
    if (trouble.kind === 'problem') return wrong(trouble.message, trouble.hint)
    const hint = 'Give the variable a value with ENV or ARG first.'
    remark(reading, stage, 'base-variable-needed', 'error', span, trouble.message, hint)
    return undefined
  }
  if (reading.problems.failed && !before) return undefined
  const made = makeMount(fields, span, stage.workdir, text => readFrom(reading, text, span))
  return made !== undefined && 'message' in made ? wrong(made.message, made.hint) : made
}

/** K72: names and images, no indexes. */
function readFrom(reading: Reading, text: string, span: Span): BindMount['from'] | undefined {
  if (/^[0-9]+$/.test(text)) return {kind: 'stage', name: text, index: undefined, span}
  return namedOrigin(reading, text, span)
}
