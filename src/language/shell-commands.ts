/**
 * A shell script as the simple commands in it: enough to recognise what is plainly written, never to run anything. It
 * takes any text: what it does not understand comes out as words of unknown value, and one pass over the text is all.
 */
import {pieceEnd, readWord, type ShellWord, substitutionEnd, type WordPart} from './shell-words.js'

export interface ShellAssignment {
  readonly name: string
  readonly value: ShellWord
  readonly from: number
}

export interface Redirect {
  /** `>`, `>>`, `<`, `<<<` …, without the number of its file. */
  readonly operator: string
  readonly target: ShellWord
}

export interface ShellCommand {
  readonly kind: 'command'
  /** What stands between this command and the one before it. */
  readonly after: '' | ';' | '&&' | '||' | '|' | '&'
  /** Behind a `!`, or the condition of `if` and `while`: its failure ends nothing. */
  readonly condition: boolean
  readonly assignments: readonly ShellAssignment[]
  readonly words: readonly ShellWord[]
  readonly redirects: readonly Redirect[]
  readonly from: number
  readonly to: number
}

/** Commands between `open` and its `close` run in a shell of their own, not at all, or many times. */
export type ShellItem =
  | ShellCommand
  | {readonly kind: 'open'; readonly of: 'subshell' | 'branch' | 'loop' | 'function' | 'group'; readonly from: number}
  | {readonly kind: 'close'; readonly from: number}

/** The commands of a script in order. */
export function shellItems(text: string): ShellItem[] {
  return new Scanner(text).read()
}

/** Words that open something where a command may stand. `for` and `case` take words of their own. */
const openers: ReadonlyMap<string, 'branch' | 'loop' | 'group'> = new Map([
  ['if', 'branch'],
  ['while', 'loop'],
  ['until', 'loop'],
  ['{', 'group'],
])
const closers = new Set(['fi', 'done', 'esac', '}'])
const between = new Set(['then', 'do', 'else', 'elif', '!', 'time'])
/** Words behind which a command is a condition. */
const asking = new Set(['if', 'while', 'until', 'elif', '!'])

interface Heredoc {
  readonly name: string
  readonly tabs: boolean
}

class Scanner {
  readonly #items: ShellItem[] = []
  readonly #heredocs: Heredoc[] = []
  /** What is open, so that a stray `)` or `fi` closes nothing. */
  readonly #open: ('(' | 'case' | 'word')[] = []
  #at = 0
  #after: ShellCommand['after'] = ''
  #condition = false
  /** The next text up to a `)` is the pattern of a `case`. */
  #pattern = false

  constructor(readonly text: string) {}

  read(): ShellItem[] {
    while (this.#at < this.text.length) {
      const before = this.#at
      this.#next()
      // Whatever a text holds, the scanner goes on.
      if (this.#at === before) this.#at += 1
    }
    while (this.#open.length > 0) this.#close(this.#at)
    return this.#items
  }

  #next(): void {
    this.#skipBlanks()
    const character = this.text.charAt(this.#at)
    if (character === '') return
    if (character === '#') this.#skipComment()
    else if (this.#pattern && character !== '\n') this.#skipPattern()
    else this.#token(character)
  }

  #token(character: string): void {
    switch (character) {
      case '\n':
        this.#at += 1
        this.#skipHeredocs()
        this.#separate(';')
        break
      case ';':
        this.#at += this.text.startsWith(';;', this.#at) ? 2 : 1
        if (this.text.charAt(this.#at - 2) === ';' && this.#open.includes('case')) this.#pattern = true
        this.#separate(';')
        break
      case '&':
        this.#at += this.text.startsWith('&&', this.#at) ? 2 : 1
        this.#separate(this.text.charAt(this.#at - 2) === '&' ? '&&' : '&')
        break
      case '|':
        this.#at += this.text.startsWith('||', this.#at) ? 2 : this.text.startsWith('|&', this.#at) ? 2 : 1
        this.#separate(this.text.slice(this.#at - 2, this.#at) === '||' ? '||' : '|')
        break
      case '(':
        // `((…))` computes, `(…)` is a shell of its own.
        if (this.text.startsWith('((', this.#at)) {
          this.#at = substitutionEnd(this.text, this.#at)
          break
        }
        this.#items.push({kind: 'open', of: 'subshell', from: this.#at})
        this.#open.push('(')
        this.#at += 1
        this.#separate('')
        break
      case ')':
        if (this.#open.at(-1) === '(') this.#close(this.#at)
        this.#at += 1
        this.#separate(';')
        break
      default:
        this.#command()
    }
  }

  #separate(after: ShellCommand['after']): void {
    this.#after = after
    this.#condition &&= after === '|'
  }

  #close(at: number): void {
    this.#open.pop()
    this.#items.push({kind: 'close', from: at})
  }

  #skipBlanks(): void {
    for (;;) {
      const character = this.text.charAt(this.#at)
      if (character === ' ' || character === '\t' || character === '\r') this.#at += 1
      else if (this.text.startsWith('\\\n', this.#at)) this.#at += 2
      else return
    }
  }

  #skipComment(): void {
    const end = this.text.indexOf('\n', this.#at)
    this.#at = end === -1 ? this.text.length : end
  }

  /** The patterns of one branch of a `case`, or its `esac`. */
  #skipPattern(): void {
    this.#pattern = false
    if (/^esac(?![\w-])/.test(this.text.slice(this.#at, this.#at + 5))) return
    while (this.#at < this.text.length && this.text.charAt(this.#at) !== ')') this.#at = pieceEnd(this.text, this.#at)
    this.#at += 1
    this.#separate(';')
  }

  #command(): void {
    const from = this.#at
    const assignments: ShellAssignment[] = []
    const words: ShellWord[] = []
    const redirects: Redirect[] = []
    for (;;) {
      this.#skipBlanks()
      const at = this.#at
      const character = this.text.charAt(at)
      if (character === '' || '\n;&|)'.includes(character)) {
        // `&>` and `>&` send somewhere, they end nothing.
        if (character !== '&' || !this.text.startsWith('&>', at)) break
      }
      if (character === '#') break
      if (character === '(') {
        if (words.length !== 1 || !/^\(\s*\)/.test(this.text.slice(at, at + 20))) break
        this.#at = this.text.indexOf(')', at) + 1
        this.#function()
        return
      }
      const redirect = this.#redirect()
      if (redirect !== undefined) {
        if (redirect !== 'none') redirects.push(redirect)
        continue
      }
      if (words.length === 0) {
        const assignment = this.#assignment()
        if (assignment !== undefined) {
          assignments.push(assignment)
          continue
        }
      }
      const word = this.#word()
      if (word.to === word.from) break
      if (words.length === 0 && assignments.length === 0 && this.#keyword(word)) return
      words.push(word)
    }
    if (words.length === 0 && assignments.length === 0 && redirects.length === 0) return
    const to = this.#trimmed(from)
    this.#items.push({
      kind: 'command',
      after: this.#after,
      condition: this.#condition,
      assignments,
      words,
      redirects,
      from,
      to,
    })
  }

  /** End of what was read, without the blanks behind it. */
  #trimmed(from: number): number {
    let to = this.#at
    while (to > from && /[ \t\r]/.test(this.text.charAt(to - 1))) to -= 1
    return to
  }

  /** The body of a function, whose head has been read. */
  #function(): void {
    while (this.#at < this.text.length && /\s/.test(this.text.charAt(this.#at))) this.#at += 1
    this.#items.push({kind: 'open', of: 'function', from: this.#at})
    if (this.text.charAt(this.#at) === '{') this.#at += 1
    this.#open.push('word')
    this.#separate('')
  }

  /** True when the word is one of the shell's own that stands where a command may. */
  #keyword(word: ShellWord): boolean {
    const name = this.text.slice(word.from, word.to)
    const opens = openers.get(name)
    if (opens !== undefined) {
      this.#items.push({kind: 'open', of: opens, from: word.from})
      this.#open.push('word')
    } else if (closers.has(name)) {
      const last = this.#open.at(-1)
      if (last !== undefined && last !== '(') this.#close(word.from)
      return true
    } else if (name === 'for' || name === 'select' || name === 'case') {
      this.#head(name, word)
      return true
    } else if (name === 'function') {
      this.#skipBlanks()
      this.#word()
      this.#skipBlanks()
      if (this.text.startsWith('()', this.#at)) this.#at += 2
      this.#function()
      return true
    } else if (!between.has(name)) return false
    this.#condition = asking.has(name)
    this.#after = name === '{' ? this.#after : ''
    return true
  }

  /** `for NAME in WORDS` and `case WORD in`, as a command of their own, so that their words are seen. */
  #head(name: string, first: ShellWord): void {
    const words: ShellWord[] = [first]
    for (;;) {
      this.#skipBlanks()
      const character = this.text.charAt(this.#at)
      if (character === '' || '\n;&|()'.includes(character)) break
      const word = this.#word()
      if (word.to === word.from) {
        this.#at += 1
        continue
      }
      words.push(word)
      if (name === 'case' && this.text.slice(word.from, word.to) === 'in') break
    }
    this.#items.push({
      kind: 'command',
      after: this.#after,
      condition: false,
      assignments: [],
      words,
      redirects: [],
      from: first.from,
      to: this.#trimmed(first.from),
    })
    this.#items.push({kind: 'open', of: name === 'case' ? 'branch' : 'loop', from: first.from})
    this.#open.push(name === 'case' ? 'case' : 'word')
    this.#pattern = name === 'case'
    this.#separate(';')
  }

  #redirect(): Redirect | 'none' | undefined {
    const match = /^(?:\d+|&)?(<<<|<<-?|>>|>\||>&|<&|<>|<|>)/.exec(this.text.slice(this.#at, this.#at + 8))
    if (match === null) return undefined
    const operator = match[1] ?? ''
    // `<(…)` is a word.
    if ((operator === '<' || operator === '>') && this.text.charAt(this.#at + match[0].length) === '(') return undefined
    this.#at += match[0].length
    this.#skipBlanks()
    const target = this.#word()
    if (operator === '<<' || operator === '<<-') {
      const name = target.parts.map(part => (part.kind === 'text' ? part.text : '')).join('')
      if (name !== '') this.#heredocs.push({name, tabs: operator === '<<-'})
      return 'none'
    }
    return {operator, target}
  }

  /** Bodies of here-documents are data. */
  #skipHeredocs(): void {
    for (const {name, tabs} of this.#heredocs.splice(0)) {
      while (this.#at < this.text.length) {
        const newline = this.text.indexOf('\n', this.#at)
        const end = newline === -1 ? this.text.length : newline
        const line = this.text.slice(this.#at, end)
        this.#at = newline === -1 ? end : end + 1
        if ((tabs ? line.replace(/^\t+/, '') : line) === name) break
      }
    }
  }

  #assignment(): ShellAssignment | undefined {
    const pattern = /[A-Za-z_]\w*(\+?=)/y
    pattern.lastIndex = this.#at
    const match = pattern.exec(this.text)
    if (match === null) return undefined
    const from = this.#at
    const operator = match[1] ?? ''
    this.#at += match[0].length
    // An array: its elements are no words of a command.
    if (this.text.charAt(this.#at) === '(') {
      this.#at = substitutionEnd(this.text, this.#at)
      return {name: match[0].slice(0, -operator.length), value: {parts: [{kind: 'unknown'}], from, to: this.#at}, from}
    }
    const value = this.#word()
    const parts: readonly WordPart[] = operator === '+=' ? [{kind: 'unknown'}] : value.parts
    return {name: match[0].slice(0, -operator.length), value: {...value, parts}, from}
  }

  #word(): ShellWord {
    const word = readWord(this.text, this.#at)
    this.#at = word.to
    return word
  }
}
