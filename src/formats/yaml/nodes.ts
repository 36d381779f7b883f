/** YAML as people lay it out: short lists on one line, texts of several lines as blocks. */
import {Pair, Scalar, YAMLMap, YAMLSeq} from 'yaml'

export type Value = Scalar | YAMLMap | YAMLSeq

export function text(value: string | null): Scalar {
  const scalar = new Scalar(value)
  // A block of blanks alone would be taken for its own indentation.
  if (value?.includes('\n') === true) scalar.type = value.trim() === '' ? Scalar.QUOTE_DOUBLE : Scalar.BLOCK_LITERAL
  return scalar
}

/** A key, or a text in a list on one line: over several lines it could be read as something else. */
function inLine(value: string): Scalar {
  const scalar = new Scalar(value)
  if (value.includes('\n')) scalar.type = Scalar.QUOTE_DOUBLE
  return scalar
}

export function truth(value: boolean): Scalar {
  return new Scalar(value)
}

export function number(value: number): Scalar {
  return new Scalar(value)
}

export function list(items: readonly Value[], layout: 'flow' | 'block'): YAMLSeq {
  const sequence = new YAMLSeq()
  sequence.items = [...items]
  sequence.flow = layout === 'flow'
  return sequence
}

export function words(values: readonly string[]): YAMLSeq {
  const scalars = values.map(inLine)
  return list(scalars, 'flow')
}

/** Entries without a value are left out. */
export function map(
  entries: readonly (readonly [key: string, value: Value | undefined])[],
  layout: 'flow' | 'block' = 'block',
): YAMLMap {
  const result = new YAMLMap()
  for (const [key, value] of entries) if (value !== undefined) result.items.push(new Pair(inLine(key), value))
  result.flow = layout === 'flow'
  return result
}

/** A map of texts; on one line when it is short. */
export function texts(entries: readonly (readonly [key: string, value: string | null])[]): YAMLMap {
  const size = entries.reduce((sum, [key, value]) => sum + key.length + (value?.length ?? 0) + 4, 0)
  const short = entries.length <= 3 && size <= 60 && entries.every(([, value]) => value?.includes('\n') !== true)
  return map(
    entries.map(([key, value]) => [key, text(value)] as const),
    short ? 'flow' : 'block',
  )
}

export function comment<T extends {commentBefore?: string | null}>(node: T, lines: readonly string[] | undefined): T {
  // A line break of any kind would end the comment.
  if (lines !== undefined && lines.length > 0)
    node.commentBefore = lines.map(line => (/^\s|^$/.test(line) ? line : ` ${line}`).replaceAll(/[\r\n]/g, ' ')).join('\n')
  return node
}
