/**
 * A terminal as far as a live view needs one: rows, a cursor, folding of long lines, what scrolled off. It knows the
 * sequences that the view may use and no others: anything else that reaches it is a failure of the test.
 */
import {columnsOf} from '../../src/reports/visible.js'

interface Row {
  text: string
  columns: number
  /** The text goes on in the next row. */
  isFolded: boolean
}

const emptyRow = (): Row => ({text: '', columns: 0, isFolded: false})

export class TestScreen {
  #rows: Row[] = [emptyRow()]
  /** Row of the cursor, from the first that was ever written. */
  #y = 0
  #x = 0
  #top = 0
  #folds = true
  isCursorVisible = true
  /** Pieces of output, one a write. */
  readonly writes: string[] = []

  constructor(
    public columns: number,
    public rows: number,
  ) {}

  /** Columns of the cursor, and its row on the screen. */
  get cursor(): {readonly x: number; readonly y: number} {
    return {x: this.#x, y: this.#y - this.#top}
  }

  get folds(): boolean {
    return this.#folds
  }

  /** What is on the screen, without empty rows at the end. */
  get lines(): string[] {
    return trimmed(this.#rows.slice(this.#top, this.#top + this.rows))
  }

  /** All that was written, with what scrolled off; folded rows joined. */
  get history(): string[] {
    const lines: string[] = []
    let open = ''
    for (const row of this.#rows) {
      open += row.text
      if (row.isFolded) continue
      lines.push(open.trimEnd())
      open = ''
    }
    while (lines.at(-1) === '') lines.pop()
    return lines
  }

  /** What is on the screen from the cursor on. */
  get live(): string[] {
    return trimmed(this.#rows.slice(this.#y, this.#top + this.rows))
  }

  write(text: string): void {
    this.writes.push(text)
    for (let at = 0; at < text.length; ) {
      const sequence = /^\u001b\[(\??)(\d*)([A-Za-z])/.exec(text.slice(at, at + 12))
      if (sequence !== null) {
        this.#control(`${sequence[1]}${sequence[3]}`, sequence[2] === '' ? undefined : Number(sequence[2]))
        at += sequence[0].length
        continue
      }
      const character = String.fromCodePoint(text.codePointAt(at) ?? 0)
      this.#put(character)
      at += character.length
    }
  }

  /** Another size: a terminal of the one kind folds its lines anew, one of the other cuts them off. */
  resize(columns: number, rows: number, kind: 'folds' | 'cuts'): void {
    const below = this.#rows.length
    const shrinks = Math.max(0, this.rows - rows)
    this.columns = columns
    this.rows = rows
    if (kind === 'cuts') {
      for (const row of this.#rows) while (row.columns > columns) this.#shorten(row)
    } else this.#fold(columns)
    // Rows below the cursor go first, as in tmux; then rows at the top.
    this.#rows.length = Math.max(this.#y + 1, Math.min(this.#rows.length, below === 0 ? 0 : this.#rows.length - shrinks))
    this.#top = Math.max(0, Math.min(this.#top, this.#y), this.#y - rows + 1, this.#rows.length - rows)
    this.#x = Math.min(this.#x, columns - 1)
  }

  #shorten(row: Row): void {
    const last = [...row.text].at(-1) ?? ''
    row.text = row.text.slice(0, row.text.length - last.length)
    row.columns -= columnsOf(last)
  }

  #fold(columns: number): void {
    const old = this.#rows
    this.#rows = []
    let cursor = 0
    let row = emptyRow()
    for (const [y, each] of old.entries()) {
      if (y === this.#y) cursor = this.#rows.length
      for (const character of each.text.trimEnd()) {
        if (row.columns + columnsOf(character) > columns) {
          row.isFolded = true
          this.#rows.push(row)
          row = emptyRow()
        }
        row.text += character
        row.columns += columnsOf(character)
      }
      if (each.isFolded) continue
      this.#rows.push(row)
      row = emptyRow()
    }
    if (row.text !== '') this.#rows.push(row)
    this.#y = cursor
    while (this.#rows.length <= this.#y) this.#rows.push(emptyRow())
  }

  #row(): Row {
    while (this.#rows.length <= this.#y) this.#rows.push(emptyRow())
    return this.#rows[this.#y] as Row
  }

  #down(): void {
    this.#y += 1
    this.#row()
    if (this.#y - this.#top >= this.rows) this.#top = this.#y - this.rows + 1
  }

  #put(character: string): void {
    if (character === '\r') this.#x = 0
    else if (character === '\n') this.#down()
    else if (/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/.test(character))
      throw new Error(`the terminal was sent ${JSON.stringify(character)}`)
    else this.#character(character)
  }

  #character(character: string): void {
    const width = columnsOf(character)
    if (this.#x + width > this.columns) {
      if (!this.#folds) return
      this.#row().isFolded = true
      this.#x = 0
      this.#down()
    }
    const row = this.#row()
    // Over what is there: the view only ever writes from the first column on.
    const kept = row.columns > this.#x ? after(row.text, this.#x + width) : ''
    row.text = `${upTo(row.text, this.#x).padEnd(this.#x)}${character}${kept}`
    row.columns = Math.max(row.columns, this.#x + width)
    this.#x += width
  }

  #control(name: string, number: number | undefined): void {
    switch (name) {
      case 'A':
        this.#y = Math.max(this.#top, this.#y - (number ?? 1))
        return
      case 'K': {
        const row = this.#row()
        row.text = upTo(row.text, this.#x)
        row.columns = columnsOf(row.text)
        row.isFolded = false
        return
      }
      case 'C':
        this.#x = Math.min(this.columns - 1, this.#x + (number ?? 1))
        return
      case 'J': {
        // tmux keeps a screen that is cleared whole.
        if (this.#x === 0 && this.#y === this.#top) this.#y = this.#top = this.#rows.length
        this.#row()
        this.#control('K', undefined)
        this.#rows.length = this.#y + 1
        return
      }
      case 'm':
        return
      case '?h':
      case '?l':
        if (number === 25) this.isCursorVisible = name === '?h'
        else if (number === 7) this.#folds = name === '?h'
        else if (number !== 2026) throw new Error(`the terminal was sent mode ${number}`)
        return
      default:
        throw new Error(`the terminal was sent ${name}`)
    }
  }
}

function upTo(text: string, columns: number): string {
  let taken = ''
  for (const character of text) {
    if (columnsOf(taken) + columnsOf(character) > columns) break
    taken += character
  }
  return taken
}

function after(text: string, columns: number): string {
  return text.slice(upTo(text, columns).length)
}

function trimmed(rows: readonly Row[]): string[] {
  const lines = rows.map(row => row.text.trimEnd())
  while (lines.at(-1) === '') lines.pop()
  return lines
}
