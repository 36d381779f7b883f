/** The text of one stage from its parts, laid out as people write definition files. */
import {placeholders} from './arguments.js'
import {scanLimit} from './lex.js'

export interface StageParts {
  readonly comment: readonly string[]
  /** `Bootstrap` first (D4). */
  readonly headers: readonly (readonly [key: string, value: string])[]
  readonly sections: readonly PrintedSection[]
}

export interface PrintedSection {
  /** With its arguments: `files from build`. */
  readonly title: string
  /** One per command, file or label; may hold line breaks. Indented only where that changes nothing. */
  readonly items: readonly PrintedItem[]
}

export interface PrintedItem {
  readonly text: string
  /** Printed as it is, not indented: the text of a script. */
  readonly verbatim?: boolean
}

/** Well below what Apptainer takes (D21), so that editing by hand does not break it at once. */
const sectionLimit = 60 * 1024

export class Unprintable extends Error {}

/** Throws Unprintable when no definition file can hold this. */
export function printStage(parts: StageParts): string {
  const head = [...parts.comment.map(commentLine), ...parts.headers.map(([key, value]) => `${key}: ${value}`)].join('\n')
  const sections = parts.sections.flatMap(section => printSection(section))
  const body = [head, ...sections].join('\n\n')
  const identity = identityArguments(body)
  return identity === '' ? `${body}\n` : `${[head, identity, ...sections].join('\n\n')}\n`
}

/** A comment as people write it; the model keeps its text without the `#`. */
export function commentLine(text: string): string {
  return /^\s|^$/.test(text) ? `#${text}`.trimEnd() : `# ${text}`
}

/** D19, D21: a long section is printed in pieces, which Apptainer joins line by line as if nothing stood in between. */
function printSection(section: PrintedSection): string[] {
  const printed: string[] = []
  let lines: string[] = []
  let size = 0
  const cut = () => {
    if (lines.length > 0) printed.push([`%${section.title}`, ...lines].join('\n'))
    lines = []
    size = 0
  }
  for (const item of section.items) {
    const text = item.verbatim === true ? item.text.replace(/\n$/, '') : `    ${item.text}`
    checkLines(section.title, text)
    const bytes = Buffer.byteLength(text) + 1
    if (size + bytes > sectionLimit) cut()
    for (const line of bytes > sectionLimit ? text.split('\n') : [text]) {
      const more = Buffer.byteLength(line) + 1
      if (more > sectionLimit)
        throw new Unprintable(
          `%${section.title} would hold one line of ${more} bytes, and Apptainer takes less than ${scanLimit} per section`,
        )
      if (size + more > sectionLimit) cut()
      lines.push(line)
      size += more
    }
  }
  cut()
  return joined(printed)
}

/** Blank lines between pieces would belong to the text: a quoted one may go on in the next piece. */
function joined(pieces: readonly string[]): string[] {
  return pieces.length === 0 ? [] : [pieces.join('\n')]
}

/** The last line of defence for D1 and D16: quoting should have kept both away. */
function checkLines(title: string, text: string): void {
  if (/(^|\n)[^\S\n]*%/.test(text)) throw new Unprintable(`a line of %${title} would start with %, which begins a section`)
  if (/(^|\n)bootstrap:/i.test(text))
    throw new Unprintable(`a line of %${title} would start with "bootstrap:", which begins a stage`)
  if (/\r\n/.test(text)) throw new Unprintable(`a line of %${title} would end in a carriage return, which Apptainer drops`)
}

/** D37: `{{ name }}` in a text stays as it is when its default is itself. */
function identityArguments(text: string): string {
  const spellings = new Map<string, string>()
  for (const {name, spelling} of placeholders(text)) {
    const before = spellings.get(name)
    if (before !== undefined && before !== spelling) {
      throw new Unprintable(`both ${before} and ${spelling} stand in the text, and Apptainer would make them the same`)
    }
    if (spelling.includes('\n'))
      throw new Unprintable(`a {{ … }} over a line break cannot be kept from Apptainer's build arguments`)
    spellings.set(name, spelling)
  }
  if (spellings.size === 0) return ''
  return ['%arguments', ...Array.from(spellings, ([name, spelling]) => `    ${name}=${spelling}`)].join('\n')
}
