/** Text of an input on a terminal: nothing in it may move the cursor, change colours or hide other text. */

/** Control characters, line separators, and the marks that turn the direction of text (CVE-2021-42574). */
const hidden = /[\u0000-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu

/** On one line, with every character that has no shape of its own written out (`\n`, `\u001b`). */
export function visible(text: string): string {
  return text.replace(hidden, character => {
    switch (character) {
      case '\n':
        return '\\n'
      case '\r':
        return '\\r'
      case '\t':
        return '\\t'
      default:
        return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
    }
  })
}

/**
 * Sequences that a terminal carries out, whole: colours and movements (CSI), titles and links (OSC, DCS and their like, up
 * to their end), and the short ones. In 8-bit form too.
 */
const sequences =
  /(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|\u001b[ -/]*[0-OQ-WYZ`-~]/g

/** An engine's output on a terminal: without its colours, and with nothing that could move the cursor. */
export function printable(text: string): string {
  return visible(text.replace(sequences, '').replaceAll('\t', '  '))
}

/** The same for a line of source that a caret points into: every character stays as wide as `columnsOf` says. */
export function visibleLine(text: string): string {
  return text.replaceAll('\t', ' ').replace(hidden, '\ufffd')
}

/** Marks that are drawn over the character before them, joiners and variation selectors. */
const drawnOver = /^(?:\p{Mn}|\p{Me}|\u200c|\u200d)$/u
/** Scripts and pictures whose characters take two columns on a terminal. */
const wide =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{1fa70}-\u{1faff}\u{16fe0}-\u{18d08}\u{1aff0}-\u{1b2fb}\u{1f200}-\u{1f265}\u{20000}-\u{3fffd}]$|^\p{Emoji_Presentation}$/u

/** How many columns of a terminal a text takes, as `visibleLine` shows it. */
export function columnsOf(text: string): number {
  if (/^[\t\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const character of visibleLine(text)) columns += drawnOver.test(character) ? 0 : wide.test(character) ? 2 : 1
  return columns
}
