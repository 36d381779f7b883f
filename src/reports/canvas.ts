/** A sheet of characters on which lines are drawn: where they meet, the right piece comes out by itself. */
import {columnsOf} from './visible.js'

type Weight = 0 | 1 | 2

/** Which of its four sides a line leaves a cell by, and how: nothing, a single line, a double one. */
interface Arms {
  up: Weight
  right: Weight
  down: Weight
  left: Weight
  round: boolean
}

/** By the weights of up, right, down, left. Pieces that no line of ours makes are not here. */
const unicode: Readonly<Record<string, string>> = {
  '1010': '│',
  '0101': '─',
  '2020': '║',
  '0202': '═',
  '0110': '┌',
  '0011': '┐',
  '1100': '└',
  '1001': '┘',
  '0220': '╔',
  '0022': '╗',
  '2200': '╚',
  '2002': '╝',
  '1110': '├',
  '1011': '┤',
  '0111': '┬',
  '1101': '┴',
  '1111': '┼',
  '2220': '╠',
  '2022': '╣',
  '2222': '╬',
  '2121': '╫',
  '1212': '╪',
  '0121': '╥',
  '0100': '╶',
  '0001': '╴',
}
const rounded: Readonly<Record<string, string>> = {'0110': '╭', '0011': '╮', '1100': '╰', '1001': '╯'}

export class Canvas {
  readonly #rows: (Arms | string | undefined)[][] = []

  /** @param hasBoxes whether the reader can see characters that ASCII does not have */
  constructor(readonly hasBoxes: boolean) {}

  #arms(x: number, y: number): Arms {
    const row = this.#row(y)
    const there = row[x]
    if (typeof there === 'object') return there
    const arms: Arms = {up: 0, right: 0, down: 0, left: 0, round: false}
    row[x] = arms
    return arms
  }

  #row(y: number): (Arms | string | undefined)[] {
    while (this.#rows.length <= y) this.#rows.push([])
    return this.#rows[y] ?? []
  }

  /** A line from one row to a lower one. */
  down(x: number, from: number, to: number, weight: 1 | 2): void {
    for (let y = from; y < to; y++) {
      this.#arms(x, y).down = weight
      this.#arms(x, y + 1).up = weight
    }
  }

  /** A line from one column to one further right; where it turns, it does so softly. */
  across(from: number, to: number, y: number, weight: 1 | 2, round = true): void {
    for (let x = from; x < to; x++) {
      const [here, next] = [this.#arms(x, y), this.#arms(x + 1, y)]
      here.right = weight
      next.left = weight
      here.round ||= round
      next.round ||= round
    }
  }

  /** A frame whose corners are these. */
  box(left: number, top: number, right: number, bottom: number): void {
    for (const y of [top, bottom]) this.across(left, right, y, 1, false)
    for (const x of [left, right]) this.down(x, top, bottom, 1)
  }

  /** @param paint for colours, which take no columns */
  text(x: number, y: number, text: string, paint: (text: string) => string = same => same): void {
    if (text === '') return
    const row = this.#row(y)
    row[x] = paint(text)
    for (let i = 1; i < columnsOf(text); i++) row[x + i] = ''
  }

  /** The sheet, each row without what is empty at its end. */
  lines(): string[] {
    return this.#rows.map(row =>
      Array.from(row, cell => (cell === undefined ? ' ' : typeof cell === 'string' ? cell : this.#piece(cell)))
        .join('')
        .trimEnd(),
    )
  }

  #piece({up, right, down, left, round}: Arms): string {
    if (!this.hasBoxes) {
      // Whatever crosses, the line that goes down is the one that is seen: it is the longer one.
      if (up > 0 && down > 0 && left > 0 === right > 0) return up === 2 ? '#' : '|'
      if (up === 0 && down === 0) return left === 2 || right === 2 ? '=' : '-'
      return '+'
    }
    const weights = `${up}${right}${down}${left}`
    return (round ? rounded[weights] : undefined) ?? unicode[weights] ?? '┼'
  }
}
