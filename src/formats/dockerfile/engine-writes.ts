/**
 * What `%post` writes into `$APPTAINER_ENVIRONMENT` and `$APPTAINER_LABELS` (D85), told from the text where each line
 * is written by a plain command of its own that always runs.
 */

export interface EngineWrites {
  /** Lines of shell text; `unknown` when they are worked out while the script runs. */
  readonly environment: string | 'unknown' | undefined
  /** Lines of `%labels`. */
  readonly labels: string | 'unknown' | undefined
}

const file = '"?\\$\\{?(?:APPTAINER|SINGULARITY)_(ENVIRONMENT|LABELS)\\}?"?'
const echo = new RegExp(`^\\s*echo\\s+(.*?)\\s*>>\\s*${file}\\s*;?\\s*$`)
const here = new RegExp(`^\\s*cat\\s*(?:>>\\s*${file}\\s*<<\\s*(\\S+)|<<\\s*(\\S+)\\s*>>\\s*${file})\\s*$`)
const mention = /(?:APPTAINER|SINGULARITY)_(ENVIRONMENT|LABELS)/g

export function engineWrites(text: string): EngineWrites {
  const found: {ENVIRONMENT: string | undefined; LABELS: string | undefined} = {ENVIRONMENT: undefined, LABELS: undefined}
  const unknown = new Set<string>()
  const lines = text.split('\n')
  let depth = 0
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] ?? ''
    const mentioned = [...line.matchAll(mention)].map(match => match[1] ?? '')
    if (mentioned.length === 0 || /^\s*#/.test(line)) {
      depth += nesting(line)
      continue
    }
    const written = depth === 0 ? writtenLines(lines, at) : undefined
    if (written === undefined) for (const name of mentioned) unknown.add(name)
    else {
      found[written.name] = `${found[written.name] ?? ''}${written.text}`
      at = written.last
    }
  }
  const result = (name: 'ENVIRONMENT' | 'LABELS') => (unknown.has(name) ? 'unknown' : found[name])
  return {environment: result('ENVIRONMENT'), labels: result('LABELS')}
}

/** How much deeper in `if`, loops, functions and groups the next line is; roughly, and then rather too deep. */
function nesting(line: string): number {
  const words = line.replace(/#.*$/, '').split(/[\s;]+/)
  const count = (...wanted: readonly string[]) => words.filter(word => wanted.includes(word)).length
  return (
    count('if', 'do', 'case', '{', '(') -
    count('fi', 'done', 'esac', '}', ')') +
    (/\(\)\s*\{?\s*$/.test(line) && !words.includes('{') ? 1 : 0)
  )
}

interface Written {
  readonly name: 'ENVIRONMENT' | 'LABELS'
  readonly text: string
  readonly last: number
}

function writtenLines(lines: readonly string[], at: number): Written | undefined {
  const line = lines[at] ?? ''
  const echoed = echo.exec(line)
  if (echoed !== null) {
    const text = echoedText(echoed[1] ?? '')
    return text === undefined ? undefined : {name: nameOf(echoed[2]), text: `${text}\n`, last: at}
  }
  const opened = here.exec(line)
  if (opened === null) return undefined
  const word = opened[2] ?? opened[3] ?? ''
  const end = word.replace(/['"\\]/g, '')
  const last = lines.indexOf(end, at + 1)
  if (last === -1 || word.startsWith('-')) return undefined
  const body = lines
    .slice(at + 1, last)
    .map(each => `${each}\n`)
    .join('')
  if (end === word && /[$`\\]/.test(body)) return undefined
  return {name: nameOf(opened[1] ?? opened[4]), text: body, last}
}

function nameOf(text: string | undefined): Written['name'] {
  return text === 'LABELS' ? 'LABELS' : 'ENVIRONMENT'
}

/** The text that `echo` prints, of words whose value needs nothing but quotes and escapes taken away. */
function echoedText(words: string): string | undefined {
  let text = ''
  for (let at = 0; at < words.length; at += 1) {
    const character = words.charAt(at)
    if (character === "'") {
      const close = words.indexOf("'", at + 1)
      if (close === -1) return undefined
      text += words.slice(at + 1, close)
      at = close
    } else if (character === '"') {
      for (at += 1; words.charAt(at) !== '"'; at += 1) {
        const inside = words.charAt(at)
        if (inside === '' || inside === '`' || inside === '$') return undefined
        if (inside === '\\' && /[$"`\\]/.test(words.charAt(at + 1))) at += 1
        text += words.charAt(at)
      }
    } else if (/[$`&|;<>(){}*?[\]~#\\]/.test(character)) return undefined
    else text += /\s/.test(character) && text.endsWith(' ') ? '' : character
  }
  // Some shells' echo reads a backslash or an option.
  return text.includes('\\') || text.startsWith('-') ? undefined : text
}
