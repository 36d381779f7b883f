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

/** The same for a line of source that a caret points into: every character stays one character wide. */
export function visibleLine(text: string): string {
  return text.replaceAll('\t', ' ').replace(hidden, '\ufffd')
}
