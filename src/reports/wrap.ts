/** Text in lines of a width, cut between words. */
import {columnsOf} from './visible.js'

/** A word that is wider than a line stands on one of its own, uncut: a path or a command is copied from there. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(/ +/)) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line]
}
