/**
 * A page of the documentation as a session: blocks with `file=NAME` behind their language are files, blocks of the
 * language `console` hold commands behind `$ ` with what they print, both outputs together; `[...]` stands for any lines,
 * and `(exit code N)` for how the command before ends, where that is not 0.
 */

export interface FileBlock {
  readonly kind: 'file'
  readonly name: string
  readonly text: string
}

export interface CommandBlock {
  readonly kind: 'command'
  /** From 1, in the page. */
  readonly line: number
  readonly command: string
  readonly expected: readonly string[]
  readonly code: number
}

/** What a page does, in its order. */
export function sessionOf(page: string): (FileBlock | CommandBlock)[] {
  const found: (FileBlock | CommandBlock)[] = []
  let open: {readonly info: string; readonly lines: string[]; readonly line: number} | undefined
  for (const [at, line] of page.split('\n').entries()) {
    if (open === undefined) {
      const [, info] = /^```(\S.*)$/.exec(line) ?? []
      if (info !== undefined) open = {info, lines: [], line: at + 2}
    } else if (line === '```') {
      const [, name] = /\bfile=(\S+)/.exec(open.info) ?? []
      if (name !== undefined) found.push({kind: 'file', name, text: `${open.lines.join('\n')}\n`})
      else if (open.info === 'console') found.push(...commandsOf(open.lines, open.line))
      open = undefined
    } else open.lines.push(line)
  }
  return found
}

function commandsOf(lines: readonly string[], first: number): CommandBlock[] {
  const found: {kind: 'command'; line: number; command: string; expected: string[]; code: number}[] = []
  for (const [at, line] of lines.entries()) {
    const last = found.at(-1)
    const [, code] = /^\(exit code (\d+)\)$/.exec(line) ?? []
    if (line.startsWith('$ ')) found.push({kind: 'command', line: first + at, command: line.slice(2), expected: [], code: 0})
    else if (last === undefined) throw new Error(`line ${first + at}: output without a command`)
    else if (code !== undefined) last.code = Number(code)
    else last.expected.push(line)
  }
  return found
}

/** Without what differs from run to run: times, digests, sizes of images. */
export function steady(text: string, replaced: ReadonlyMap<string, string>): string {
  let result = text
  for (const [from, to] of replaced) result = result.replaceAll(from, to)
  return (
    result
      .replace(/Bootstrap: localimage\nFrom: docker:\/\//g, 'Bootstrap: docker\nFrom: ')
      .replace(/^INFO: +\w+ not found, .*\n/gm, '')
      // What takes longer than five seconds is told.
      .replace(/^(?:\[[\w.-]+\] )?still .*\n/gm, '')
      .replace(/\b\d+(?:\.\d+)? (?:s|min)(?: \d+ s)?\b/g, 'N s')
      .replace(/sha256:[0-9a-f]{12,64}…?/g, 'sha256:…')
      .replace(/\b\d+(?:\.\d+)? (?:kB|MB)\b/g, 'N MB')
      .replace(/[ \t]+$/gm, '')
  )
}

/** Whether lines are as a page has them; `[...]` on a line of its own is any lines, none too. */
export function isAsShown(actual: readonly string[], shown: readonly string[]): boolean {
  if (shown.length === 0) return actual.length === 0
  const [first, ...rest] = shown
  if (first === '[...]') {
    if (rest.length === 0) return true
    for (let from = 0; from <= actual.length; from += 1) if (isAsShown(actual.slice(from), rest)) return true
    return false
  }
  return actual.length > 0 && actual[0] === first && isAsShown(actual.slice(1), rest)
}
