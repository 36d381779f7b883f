/**
 * The last lines of a terminal, drawn again and again, with lines that stay above them. Between two frames the cursor is
 * at the beginning of the first of these lines, not behind the last: whether a terminal folds lines anew when it becomes
 * narrower or cuts them off, the cursor stays with its text, so everything from there on is ours and nothing of it is left.
 */

const HIDE = '\u001b[?25l'
const SHOW = '\u001b[?25h'
/** A frame is shown at once, where a terminal can; others leave this out. */
const BEGIN = '\u001b[?2026h'
const END = '\u001b[?2026l'
/** A live line that is wider than we thought is cut off. */
const CUT = '\u001b[?7l'
const FOLD = '\u001b[?7h'
/** All from the beginning of this line on: not at once, since tmux keeps a screen that is cleared from its first corner on. */
const BELOW = '\u001b[K\u001b[C\u001b[J\r'
const REST = '\u001b[K'

export class Screen {
  /** What is drawn now; undefined when that is not known. */
  #drawn: readonly string[] | undefined = []

  constructor(readonly write: (text: string) => void) {}

  /** Draws lines that stay, and the live ones below them; one write, and none where nothing changed. */
  draw(staying: readonly string[], live: readonly string[]): void {
    const before = this.#drawn
    this.#drawn = live
    if (staying.length === 0 && before?.length === live.length && live.every((line, at) => line === before[at])) return
    const fresh = staying.length > 0 || before === undefined
    let text = `${BEGIN}${HIDE}\r`
    if (fresh) text += BELOW
    // These may be folded, so that all of them can be read.
    for (const line of staying) text += `${line}\r\n`
    text += CUT
    text += live.map((line, at) => (!fresh && before[at] === line ? '' : `${line}${REST}`)).join('\r\n')
    // What a longer frame left below.
    if (!fresh && before.length > live.length) text += live.length === 0 ? BELOW : `\r\n${BELOW}\u001b[A`
    if (live.length > 1) text += `\u001b[${live.length - 1}A`
    this.write(`${text}\r${FOLD}${live.length === 0 ? SHOW : ''}${END}`)
  }

  /** The next frame is drawn whole: the screen has another size, or somebody else wrote on it. */
  forget(): void {
    this.#drawn = undefined
  }

  /** Takes the live lines away and gives the cursor back. */
  clear(): void {
    if (this.#drawn?.length !== 0) this.write(`\r${BELOW}${FOLD}${SHOW}${END}`)
    this.#drawn = []
  }
}
