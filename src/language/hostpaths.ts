/**
 * What the source of a `%files` line means (D87-D91). Apptainer 1.4.5 pastes it into a loop of a shell that is
 * built in (mvdan.cc/sh); every case below was tried with the real program. Whatever would run a command, or
 * depends on things that nobody can know from the input, is refused.
 */
import type {ContextFiles} from '../model/format.js'
import {expandBraces, mostWords} from './braces.js'
import {joinWritten} from './paths.js'
import {compilePattern, hasPattern} from './shellglob.js'

/** As much of a file tree as expansion looks at: the build context, or a stage's image. */
export type PathTree = Pick<ContextFiles, 'kind' | 'kindFollowed' | 'names'>

/** `matches` may be empty (an empty variable) and may name what does not exist: a pattern without a match stays as it is. */
export type Expansion = {readonly matches: readonly string[]} | {readonly refused: string}

/** A stretch of a word: text in which backslashes still protect, text that is taken as it is, or a variable's value. */
type Part = {readonly kind: 'bare' | 'quoted' | 'value'; readonly text: string}

/** What a source on the host means; relative paths start at the tree's root. A last `/` or `/.` is kept (D96). */
export function expandSource(text: string, tree: PathTree, environment: ReadonlyMap<string, string>): Expansion {
  const parsed = parseWords(text, environment)
  if ('refused' in parsed) return parsed
  const matches: string[] = []
  for (const word of parsed.words) {
    const variants = withBraces(word)
    if (variants === undefined) return {refused: `it holds too many braces, or they make more than ${mostWords} names`}
    for (const parts of variants) {
      const fields = splitFields(parts, environment)
      if ('refused' in fields) return fields
      for (const field of fields.fields) {
        const found = field.pattern === undefined ? undefined : glob(field.pattern, tree)
        for (const path of found === undefined || found.length === 0 ? [field.literal] : found) {
          if (path.includes('\\0')) return {refused: 'Apptainer cannot copy a name with the characters "\\0" in it'}
          if (path !== '') matches.push(path)
          if (matches.length > mostWords) return {refused: `it matches more than ${mostWords} names`}
        }
      }
    }
  }
  return {matches}
}

/**
 * What a source in an earlier stage means (D88): rooted at that stage, cleaned before anything is expanded, so
 * that `~` means nothing and a `..` beyond the root leads nowhere.
 */
export function expandStageSource(text: string, tree: PathTree, environment: ReadonlyMap<string, string>): Expansion {
  const clean: string[] = []
  for (const part of text.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') clean.push(part)
    else if (clean.pop() === undefined) return {refused: 'it leads out of the stage, and Apptainer finds nothing there'}
  }
  const mark = /\/\.$/.test(text) ? '/.' : /\/$/.test(text) ? '/' : ''
  const rooted = `/${clean.join('/')}${clean.length === 0 ? '' : mark}`
  const expansion = expandSource(rooted, tree, environment)
  if ('refused' in expansion) return expansion
  return {matches: expansion.matches.map(path => path.replaceAll(/\/{2,}/g, '/'))}
}

type Parsed = {readonly words: readonly (readonly Part[])[]} | {readonly refused: string}

/** Blanks come escaped, so that only tabs part words; a last backslash protects the blank that follows in the loop. */
function parseWords(source: string, environment: ReadonlyMap<string, string>): Parsed {
  const text = `${source.replaceAll(' ', '\\ ')} `
  const words: Part[][] = []
  let word: Part[] = []
  let bare = ''
  const flush = () => {
    if (bare !== '') word.push({kind: 'bare', text: bare})
    bare = ''
  }
  const refused = (reason: string): Parsed => ({refused: reason})
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at)
    switch (character) {
      case ' ':
      case '\t':
        flush()
        if (word.length > 0) words.push(word)
        word = []
        break
      case '\\':
        bare += text.slice(at, at + 2)
        at += 1
        break
      case "'": {
        const end = text.indexOf("'", at + 1)
        if (end === -1) return refused("it holds a single quote that is never closed; write \\' for the character itself")
        flush()
        word.push({kind: 'quoted', text: text.slice(at + 1, end)})
        at = end
        break
      }
      case '$': {
        const variable = readVariable(text, at, environment)
        if (variable === undefined) bare += '$'
        else if ('refused' in variable) return variable
        else {
          flush()
          word.push({kind: 'value', text: variable.value})
          at = variable.last
        }
        break
      }
      case '#':
        if (bare === '' && word.length === 0)
          return refused('a name that starts with # is a comment to the shell inside Apptainer; write \\#')
        bare += '#'
        break
      case '`':
        return refused('it holds a command (`…`) that Apptainer would run on this machine')
      case ';':
      case '&':
      case '|':
      case '<':
      case '>':
      case '(':
      case ')':
      case '\n':
        return refused(
          `it holds ${character === '\n' ? 'a line break' : `the character ${character}`}, which is shell syntax to Apptainer and could run commands on this machine`,
        )
      case '"':
        return refused('it holds a double quote, which %files cannot express; write ? in its place')
      default:
        bare += character
    }
  }
  flush()
  if (word.length > 0) words.push(word)
  return {words}
}

/** Names whose values the shell inside Apptainer makes up itself. */
const shellOwn = new Set(['UID', 'EUID', 'GID', 'IFS', 'OPTIND', 'PPID', 'RANDOM', 'SRANDOM', 'DIRSTACK', 'LINENO', 'PWD'])

type Variable = {readonly value: string; readonly last: number} | {readonly refused: string}

/** Undefined: the `$` stands for itself. */
function readVariable(text: string, at: number, environment: ReadonlyMap<string, string>): Variable | undefined {
  const next = text.charAt(at + 1)
  if (/[0-9]/.test(next)) return {value: '', last: at + 1}
  const match = /^(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*))/.exec(text.slice(at + 1, at + 1 + 260))
  if (match !== null) {
    const name = match[1] ?? match[2] ?? ''
    if (shellOwn.has(name)) return {refused: `the value of $${name} depends on the shell inside Apptainer`}
    return {value: environment.get(name) ?? '', last: at + match[0].length}
  }
  if (next === '(') return {refused: 'it holds a command ($(…)) that Apptainer would run on this machine'}
  if (next === '{') return {refused: 'of ${…} only ${NAME} is supported'}
  if (/[@*#?$!'"[-]/.test(next)) return {refused: `$${next} has no fixed meaning in a file name`}
  return undefined
}

/** Tried: braces are expanded in words that are one bare piece; next to a variable or a quote they are plain text. */
function withBraces(word: readonly Part[]): readonly (readonly Part[])[] | undefined {
  const [only, ...more] = word
  if (only === undefined || more.length > 0 || only.kind !== 'bare' || !only.text.includes('{')) return [word]
  return expandBraces(only.text)?.map(pieces => pieces.map(text => ({kind: 'bare' as const, text})))
}

interface Field {
  readonly literal: string
  /** Undefined when there is nothing to match. */
  readonly pattern: string | undefined
}

/** Removes backslashes, splits the values of variables at white space, and tells patterns from plain names. */
function splitFields(parts: readonly Part[], environment: ReadonlyMap<string, string>): {fields: Field[]} | {refused: string} {
  const fields: Field[] = []
  let literal = ''
  let pattern = ''
  let any = false
  let open = false
  const flush = () => {
    if (open) fields.push({literal, pattern: any ? pattern : undefined})
    literal = ''
    pattern = ''
    any = false
    open = false
  }
  const add = (text: string, quoted: boolean) => {
    literal += text
    pattern += quoted ? text.replaceAll(/[*?[\\]/g, '\\$&') : text
    any ||= !quoted && hasPattern(text)
    open = true
  }
  for (const [i, part] of parts.entries()) {
    if (part.kind === 'quoted') add(part.text, true)
    else if (part.kind === 'value') {
      const words = part.text.split(/[ \t\n]+/)
      for (const [j, word] of words.entries()) {
        if (j > 0) flush()
        if (word !== '') add(word, false)
      }
    } else {
      let text = part.text
      if (i === 0 && text.startsWith('~')) {
        const home = tilde(text, parts.length > 1, environment)
        if ('refused' in home) return home
        add(home.prefix, true)
        text = home.rest
      }
      // Tried: a backslash is gone before patterns are looked for, so `\*` still matches anything (D90).
      add(text.replaceAll(/\\(.?)/gs, '$1'), false)
    }
  }
  flush()
  return {fields}
}

function tilde(
  text: string,
  more: boolean,
  environment: ReadonlyMap<string, string>,
): {readonly prefix: string; readonly rest: string} | {readonly refused: string} {
  const slash = text.indexOf('/')
  if (slash === -1 && more) return {prefix: '', rest: text}
  const user = text.slice(1, slash === -1 ? undefined : slash)
  const home = environment.get('HOME')
  if (user === '' && home !== undefined) return {prefix: home, rest: slash === -1 ? '' : text.slice(slash)}
  return {refused: user === '' ? '~ needs HOME, which is not set' : `~${user} means another user's home; write the path out`}
}

/** Paths that match, sorted. A middle element has to be a directory, links followed. */
function glob(pattern: string, tree: PathTree): string[] {
  const parts = pattern.split('/')
  let found = ['']
  if (pattern.startsWith('/')) {
    found = ['/']
    parts.shift()
  }
  parts.forEach((part, i) => {
    const folderWanted = i < parts.length - 1
    if (part === '' || part === '.' || part === '..') found = found.map(folder => joinWritten(folder, part))
    else if (!hasPattern(part)) {
      const name = part.replaceAll(/\\(.)/gs, '$1')
      found = found
        .map(folder => joinWritten(folder, name))
        .filter(path => {
          const kind = tree.kindFollowed(path)
          return folderWanted ? kind === 'directory' : kind !== undefined
        })
    } else {
      const matcher = compilePattern(part)
      found =
        matcher === undefined
          ? []
          : found.flatMap(folder =>
              tree
                .names(folder === '' ? '.' : folder)
                .filter(matcher)
                .map(name => joinWritten(folder, name))
                .filter(path => !folderWanted || tree.kindFollowed(path) === 'directory'),
            )
    }
  })
  return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))
}
