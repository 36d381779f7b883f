/** Where a character of a scalar's value stands in the file. */
import {isScalar, type Node} from 'yaml'

/**
 * For a value that stands in the file as it is: on one line, or as a block of lines (`|`). For others, in which
 * lines are folded or characters escaped, every character stands where the scalar starts.
 */
export function valueOffsets(text: string, node: Node): (offset: number) => number {
  const [start, end] = node.range ?? [0, 0]
  const value = isScalar(node) ? String(node.value ?? '') : ''
  const direct = text.indexOf(value, start)
  if (value !== '' && !value.includes('\n') && direct !== -1 && direct <= start + 1 && direct + value.length <= end)
    return offset => direct + offset
  if (isScalar(node) && node.type === 'BLOCK_LITERAL') {
    const lines = blockLines(text, start, end, value)
    if (lines !== undefined) {
      return offset => {
        const line = lines.findLast(one => one.value <= offset)
        return line === undefined ? start : line.source + (offset - line.value)
      }
    }
  }
  return () => start
}

/** Pairs each line of the value with the line of the file that it came from. Undefined if they do not agree. */
function blockLines(text: string, start: number, end: number, value: string): {value: number; source: number}[] | undefined {
  const lines: {value: number; source: number}[] = []
  let source = text.indexOf('\n', start) + 1
  let at = 0
  for (const line of value.split('\n')) {
    if (source === 0 || source > end) break
    const newline = text.indexOf('\n', source)
    const stop = newline === -1 ? text.length : newline
    const written = text.slice(source, stop).replace(/\r$/, '')
    if (!written.endsWith(line)) return undefined
    lines.push({value: at, source: source + written.length - line.length})
    at += line.length + 1
    source = newline === -1 ? 0 : newline + 1
  }
  return lines
}
