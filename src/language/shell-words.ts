/** One word of a shell script: its quotes, variables and substitutions, and where it ends. */

export type WordPart =
  | {readonly kind: 'text'; readonly text: string; readonly quoted: boolean}
  /** `fallback` is the word of `${NAME:-word}` or `${NAME-word}`, where that is plain. */
  | {readonly kind: 'variable'; readonly name: string; readonly quoted: boolean; readonly fallback?: string}
  /** A substitution whose value nobody can tell without running it. */
  | {readonly kind: 'unknown'}

export interface ShellWord {
  readonly parts: readonly WordPart[]
  /** Offsets into the script. */
  readonly from: number
  readonly to: number
}

/** The word at an offset; empty where none stands there. */
export function readWord(text: string, at: number): ShellWord {
  return new WordScanner(text, at).read()
}

class WordScanner {
  #at: number

  constructor(
    readonly text: string,
    from: number,
  ) {
    this.#at = from
  }

  read(): ShellWord {
    const from = this.#at
    const parts: WordPart[] = []
    let plain = ''
    const flush = () => {
      if (plain !== '') parts.push({kind: 'text', text: plain, quoted: false})
      plain = ''
    }
    for (;;) {
      const character = this.text.charAt(this.#at)
      if (character === '' || ' \t\n\r;&|()'.includes(character)) break
      if ((character === '<' || character === '>') && this.text.charAt(this.#at + 1) !== '(') break
      if (character === '\\') {
        const next = this.text.charAt(this.#at + 1)
        this.#at += 2
        if (next === '\n') continue
        flush()
        parts.push({kind: 'text', text: next, quoted: true})
      } else if (character === "'") {
        flush()
        const close = this.text.indexOf("'", this.#at + 1)
        const end = close === -1 ? this.text.length : close
        parts.push({kind: 'text', text: this.text.slice(this.#at + 1, end), quoted: true})
        this.#at = end + 1
      } else if (character === '"') {
        flush()
        this.#quoted(parts)
      } else if (character === '$') {
        flush()
        parts.push(this.#dollar(false))
      } else if (character === '`' || character === '<' || character === '>') {
        flush()
        parts.push({kind: 'unknown'})
        this.#at = character === '`' ? substitutionEnd(this.text, this.#at) : substitutionEnd(this.text, this.#at + 1)
      } else {
        plain += character
        this.#at += 1
      }
    }
    flush()
    this.#at = Math.min(this.#at, this.text.length)
    return {parts, from, to: this.#at}
  }

  #quoted(parts: WordPart[]): void {
    this.#at += 1
    let plain = ''
    const flush = () => {
      if (plain !== '') parts.push({kind: 'text', text: plain, quoted: true})
      plain = ''
    }
    const before = parts.length
    while (this.#at < this.text.length) {
      const character = this.text.charAt(this.#at)
      if (character === '"') break
      if (character === '$') {
        flush()
        parts.push(this.#dollar(true))
      } else if (character === '`') {
        flush()
        parts.push({kind: 'unknown'})
        this.#at = substitutionEnd(this.text, this.#at)
      } else if (character === '\\') {
        const next = this.text.charAt(this.#at + 1)
        if (next !== '\n') plain += '$`"\\'.includes(next) ? next : `\\${next}`
        this.#at += 2
      } else {
        plain += character
        this.#at += 1
      }
    }
    flush()
    if (parts.length === before) parts.push({kind: 'text', text: '', quoted: true})
    this.#at += 1
  }

  #dollar(quoted: boolean): WordPart {
    const next = this.text.charAt(this.#at + 1)
    if (next === '{') {
      const end = substitutionEnd(this.text, this.#at + 1)
      const match = /^\{([A-Za-z_]\w*|[@*#?0-9$!-])(?:(:?-)([^${}`'"\\]*))?\}$/.exec(this.text.slice(this.#at + 1, end))
      this.#at = end
      if (match === null) return {kind: 'unknown'}
      return {kind: 'variable', name: match[1] ?? '', quoted, ...(match[2] === undefined ? {} : {fallback: match[3] ?? ''})}
    }
    if (next === '(') {
      this.#at = substitutionEnd(this.text, this.#at + 1)
      return {kind: 'unknown'}
    }
    const pattern = /\$([A-Za-z_]\w*|[@*#?0-9$!-])/y
    pattern.lastIndex = this.#at
    const name = pattern.exec(this.text)?.[1]
    if (name === undefined) {
      this.#at += 1
      return {kind: 'text', text: '$', quoted}
    }
    this.#at += 1 + name.length
    return {kind: 'variable', name, quoted}
  }
}

/** One quoted text, escape, substitution or character. */
export function pieceEnd(text: string, at: number): number {
  const character = text.charAt(at)
  if (character === '\\') return at + 2
  if (character === "'") {
    const close = text.indexOf("'", at + 1)
    return close === -1 ? text.length : close + 1
  }
  if (character === '"' || character === '`') return substitutionEnd(text, at)
  if (character === '$' && /[({]/.test(text.charAt(at + 1))) return substitutionEnd(text, at + 1)
  return at + 1
}

/** Behind the bracket, quote or backquote that closes the one at an offset, whatever stands nested in it. */
export function substitutionEnd(text: string, start: number): number {
  const stack: string[] = []
  let at = start
  do {
    const character = text.charAt(at)
    const top = stack.at(-1)
    if (character === '\\') at += 1
    else if (character === top) stack.pop()
    else if (character === '"') stack.push('"')
    else if (character === '`') stack.push('`')
    else if (character === '(' && (top !== '"' || text.charAt(at - 1) === '$')) stack.push(')')
    else if (character === '{' && (top === undefined || text.charAt(at - 1) === '$')) stack.push('}')
    else if (character === "'" && top !== '"') {
      const close = text.indexOf("'", at + 1)
      at = close === -1 ? text.length : close
    }
    at += 1
  } while (stack.length > 0 && at < text.length)
  return Math.min(at, text.length)
}
