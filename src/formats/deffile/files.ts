/** `%files` and `%files from STAGE`: one line, one copy (D25-D29). */
import type {CopyOrigin, CopyStep} from '../../model/description.js'
import {literal} from '../../model/template.js'
import type {RawSection} from './lex.js'
import type {Problems} from './problems.js'
import {shown} from './problems.js'
import type {Section} from './sections.js'
import type {SourceText} from './source.js'
import {find, linesOf, skipSpace, trimEnd, type Word, words} from './space.js'

interface FileCopies {
  /** Executed before `%setup` (D57). */
  readonly fromStages: readonly CopyStep[]
  /** Executed after it. */
  readonly fromHost: readonly CopyStep[]
}

type Origin = {readonly kind: 'context'} | {readonly kind: 'stage'; readonly word: Word}

/** `stageIndex` finds the first stage of a name (D45). */
export function readFiles(
  source: SourceText,
  sections: readonly Section[],
  stage: string,
  stageIndex: (name: string) => number | undefined,
  problems: Problems,
): FileCopies {
  const fromStages: CopyStep[] = []
  const fromHost: CopyStep[] = []
  for (const section of sections) {
    if (section.name !== 'files') continue
    for (const part of section.parts) {
      const origin = readOrigin(source, part, stage, problems)
      if (origin === undefined) continue
      if (origin.kind === 'context') {
        fromHost.push(...readLines(source, part, {kind: 'context'}, stage, problems))
        continue
      }
      const {word} = origin
      const from = {
        kind: 'stage',
        name: word.text,
        index: stageIndex(word.text),
        span: source.span(word.start, word.end),
      } as const
      fromStages.push(...readLines(source, part, from, stage, problems))
    }
  }
  return {fromStages, fromHost}
}

/** D29: nothing means the host, two words the stage named by the second, anything else is ignored by Apptainer. */
function readOrigin(source: SourceText, part: RawSection, stage: string, problems: Problems): Origin | undefined {
  if (part.arguments === undefined) return {kind: 'context'}
  const end = find(source.text, '#', part.arguments.start, part.arguments.end) ?? part.arguments.end
  if (end === part.arguments.start) return {kind: 'context'}
  const [first, second, ...rest] = words(source.text, part.arguments.start, end)
  const span = source.span(part.line.start, trimEnd(source.text, part.line.start, part.line.end))
  if (first === undefined || second === undefined || rest.length > 0) {
    const hint =
      first === undefined
        ? 'Remove the blanks after %files.'
        : second === undefined
          ? `Write %files from ${first.text === 'from' ? 'STAGE' : shown(first.text)} to copy from a stage, or %files alone to copy from the host.`
          : 'Write %files from STAGE with a stage name of one word.'
    problems.add(
      'ignored-section',
      'error',
      span,
      'Apptainer ignores this whole section without a word: after %files it understands nothing, or "from STAGE".',
      hint,
      stage,
    )
    return undefined
  }
  if (first.text.toLowerCase() !== 'from') {
    problems.add(
      'files-without-from',
      'warning',
      source.span(first.start, first.end),
      `Apptainer never looks at the word "${shown(first.text)}" and copies from stage "${shown(second.text)}".`,
      `Write %files from ${shown(second.text)}.`,
      stage,
    )
  }
  return {kind: 'stage', word: second}
}

function readLines(source: SourceText, part: RawSection, from: CopyOrigin, stage: string, problems: Problems): CopyStep[] {
  const {text} = source
  const steps: CopyStep[] = []
  let comment: string[] = []
  for (const line of linesOf(text, part.body.start, part.body.end)) {
    const start = skipSpace(text, line.start, line.end)
    const end = trimEnd(text, start, line.end)
    if (start === end || text.charAt(start) === '#') {
      comment = start === end ? [] : [...comment.slice(-50), text.slice(start + 1, end)]
      continue
    }
    const span = source.span(start, end)
    const [first, second, third] = splitLine(text, start, end)
    if (first === undefined) {
      problems.syntax(
        span,
        'Apptainer crashes on this line, since it holds nothing but an open quote.',
        'Close the quote or remove the line.',
      )
      continue
    }
    reportQuotes(source, [first, second], stage, problems)
    const extra = second?.text.startsWith('#') === true ? second : third
    if (extra !== undefined) extraWords(source, extra, end, stage, problems)
    const path = unquoted(first)
    if (path.text === '') {
      problems.add(
        'empty-source',
        'error',
        span,
        'Apptainer skips this line: its source is empty.',
        'Name the file to copy.',
        stage,
      )
      continue
    }
    const destination = second === undefined ? undefined : unquoted(second)
    steps.push({
      kind: 'copy',
      rules: 'def',
      span,
      from,
      sources: [{path: literal(path.text), span: source.span(path.start, path.end)}],
      // An empty destination is none (D28).
      destination:
        destination === undefined || destination.text === ''
          ? undefined
          : {path: literal(destination.text), span: source.span(destination.start, destination.end)},
      ...(comment.length === 0 ? {} : {comment}),
    })
    comment = []
  }
  return steps
}

/**
 * D25, the splitter of Apptainer by hand, since its pattern takes exponential time in a backtracking engine. At
 * each place: runs that hold `{{ NAME }}`, else a run without blanks and quotes, else a double-quoted text, else
 * a single quote and what follows up to, not including, the next one. At most three words are looked for.
 */
function splitLine(text: string, from: number, to: number): Word[] {
  const found: Word[] = []
  let at = from
  while (at < to && found.length < 3) {
    const end = templateWord(text, at, to) ?? plainWord(text, at, to)
    if (end === undefined) {
      at += 1
      continue
    }
    const start = skipSpace(text, at, end)
    const stop = trimEnd(text, start, end)
    found.push({text: text.slice(start, stop), start, end: stop})
    at = end
  }
  return found
}

function plainWord(text: string, at: number, to: number): number | undefined {
  const run = runEnd(text, at, to)
  if (run > at) return run
  const quote = text.charAt(at)
  if (quote !== '"' && quote !== "'") return undefined
  const close = find(text, quote, at + 1, to)
  if (quote === "'") return close ?? to
  return close === undefined ? undefined : close + 1
}

/** Go's `\s` in a pattern is ASCII only, unlike what is trimmed. */
function runEnd(text: string, at: number, to: number): number {
  let end = at
  while (end < to && !/[\t\n\f\r "']/.test(text.charAt(end))) end += 1
  return end
}

/** `([^\s"']*{{\s*\w+\s*}}*[^\s{}"']*)+`: every turn takes the last placeholder of its run. */
function templateWord(text: string, from: number, to: number): number | undefined {
  let end: number | undefined
  for (let at = from; at < to; ) {
    const run = runEnd(text, at, to)
    const closed = lastPlaceholder(text, at, run, to)
    if (closed === undefined) break
    end = closed
    while (end < to && !/[\t\n\f\r "'{}]/.test(text.charAt(end))) end += 1
    at = end
  }
  return end
}

/** End of the last `{{ NAME }` (and further `}`) that opens in `[from, run)`. */
function lastPlaceholder(text: string, from: number, run: number, to: number): number | undefined {
  for (let open = run - 2; open >= from; open -= 1) {
    if (text.charAt(open) !== '{' || text.charAt(open + 1) !== '{') continue
    let at = open + 2
    while (at < to && /[\t\n\f\r ]/.test(text.charAt(at))) at += 1
    const name = at
    while (at < to && /\w/.test(text.charAt(at))) at += 1
    if (at === name) continue
    while (at < to && /[\t\n\f\r ]/.test(text.charAt(at))) at += 1
    if (at >= to || text.charAt(at) !== '}') continue
    while (at < to && text.charAt(at) === '}') at += 1
    return at
  }
  return undefined
}

/** D27: double quotes are trimmed off both ends, however many. */
function unquoted(word: Word): Word {
  let {start, end} = word
  let from = 0
  let to = word.text.length
  while (from < to && word.text.charAt(from) === '"') from += 1
  while (to > from && word.text.charAt(to - 1) === '"') to -= 1
  start += from
  end = word.start + to
  return {text: word.text.slice(from, to), start, end}
}

function reportQuotes(source: SourceText, found: readonly (Word | undefined)[], stage: string, problems: Problems): void {
  const word = found.find(w => w?.text.includes("'") === true && !w.text.startsWith('"'))
  if (word === undefined) return
  problems.add(
    'single-quotes',
    'error',
    source.span(word.start, word.end),
    `Apptainer does not understand single quotes in %files: it reads the name as ${shown(word.text)}, quote included.`,
    'Use double quotes.',
    stage,
  )
}

/** D25: the rest of the line is ignored. */
function extraWords(source: SourceText, third: Word, end: number, stage: string, problems: Problems): void {
  problems.add(
    'extra-words',
    'error',
    source.span(third.start, end),
    third.text.startsWith('#')
      ? 'Apptainer knows no comments at the end of a %files line: it takes the second word as the destination and ignores the rest.'
      : 'Apptainer takes one source and one destination per line and ignores everything after them.',
    third.text.startsWith('#')
      ? 'Put the comment on a line of its own.'
      : 'Write one line per source, and put names with blanks in double quotes.',
    stage,
  )
}
