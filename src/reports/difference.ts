/** Two texts line by line, as `diff -u` shows them. */

/** More cells than that are not compared: then the part that differs is shown as one change. */
const MOST = 4_000_000
const CONTEXT = 3

interface Line {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** Empty where both are the same. */
export function unifiedDifference(name: string, before: string, after: string): string {
  if (before === after) return ''
  const lines = compare(linesOf(before), linesOf(after))
  const out = [`--- ${name}`, `+++ ${name}`]
  let [old, fresh] = [1, 1]
  for (let at = 0; at < lines.length; ) {
    if (!nearChange(lines, at)) {
      at += 1
      old += 1
      fresh += 1
      continue
    }
    const hunk: Line[] = []
    for (; at < lines.length && nearChange(lines, at); at += 1) hunk.push(lines[at] ?? {mark: ' ', text: ''})
    const count = (mark: '-' | '+') => hunk.filter(each => each.mark === ' ' || each.mark === mark).length
    out.push(`@@ -${old},${count('-')} +${fresh},${count('+')} @@`, ...hunk.map(({mark, text}) => `${mark}${text}`))
    old += count('-')
    fresh += count('+')
  }
  return `${out.join('\n')}\n`
}

function linesOf(text: string): string[] {
  const lines = text.split('\n')
  const last = lines.pop() ?? ''
  return last === '' ? lines : [...lines, `${last}\n\\ No newline at end of file`]
}

function nearChange(lines: readonly Line[], at: number): boolean {
  return lines.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(each => each.mark !== ' ')
}

function compare(before: readonly string[], after: readonly string[]): Line[] {
  let start = 0
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1
  let end = 0
  while (end < before.length - start && end < after.length - start && before.at(-1 - end) === after.at(-1 - end)) end += 1
  const same = (text: string): Line => ({mark: ' ', text})
  const [old, fresh] = [before.slice(start, before.length - end), after.slice(start, after.length - end)]
  return [...before.slice(0, start).map(same), ...changed(old, fresh), ...before.slice(before.length - end).map(same)]
}

/** The longest common subsequence, by the table that everybody knows. */
function changed(before: readonly string[], after: readonly string[]): Line[] {
  const removed = (text: string): Line => ({mark: '-', text})
  const added = (text: string): Line => ({mark: '+', text})
  if (before.length * after.length > MOST) return [...before.map(removed), ...after.map(added)]
  const width = after.length + 1
  const table = new Uint32Array((before.length + 1) * width)
  const cell = (i: number, j: number) => table[i * width + j] ?? 0
  for (let i = before.length - 1; i >= 0; i -= 1)
    for (let j = after.length - 1; j >= 0; j -= 1)
      table[i * width + j] = before[i] === after[j] ? cell(i + 1, j + 1) + 1 : Math.max(cell(i + 1, j), cell(i, j + 1))
  const out: Line[] = []
  let [i, j] = [0, 0]
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      out.push({mark: ' ', text: before[i] ?? ''})
      i += 1
      j += 1
    } else if (cell(i + 1, j) >= cell(i, j + 1)) {
      out.push(removed(before[i] ?? ''))
      i += 1
    } else {
      out.push(added(after[j] ?? ''))
      j += 1
    }
  }
  return [...out, ...before.slice(i).map(removed), ...after.slice(j).map(added)]
}
