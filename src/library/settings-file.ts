/** Reads a file of settings by the table of them; every value knows its place, and every mistake is shown where it is. */
import {readFileSync} from 'node:fs'
import {didYouMean} from '../language/distance.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {LineIndex, type Span} from '../model/span.js'
import {visible, visibleLine} from '../reports/visible.js'
import {fileHint, fileTrouble} from '../system/files.js'
import {SETTINGS, type Setting, type SettingName} from './settings-table.js'

/** One value as it is written. */
export interface WrittenSetting {
  readonly name: SettingName
  /** Of `bases`: what is replaced. */
  readonly of?: string
  readonly text: string
  readonly file: string
  readonly line: number
}

const names = SETTINGS.map(each => each.name)

/** Everything that a file says, in its order. @throws SifstageError (2) for a file that is not as it should be */
export async function readSettingsFile(file: string): Promise<readonly WrittenSetting[]> {
  const {isMap, isScalar, isSeq, parseDocument} = await import('yaml')
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch (error) {
    throw new SifstageError(ExitCode.usage, `the settings in ${file} cannot be read: ${fileTrouble(error)}`, fileHint(error), {
      cause: error,
    })
  }
  const index = new LineIndex(file, source)
  const wrong = (range: readonly number[] | null | undefined, message: string, hint?: string): never => {
    throw mistake(index, range?.[0] ?? 0, range?.[1] ?? 0, message, hint)
  }
  const document = parseDocument(source, {prettyErrors: false, logLevel: 'error'})
  const [broken] = document.errors
  if (broken !== undefined) wrong(broken.pos, broken.message)
  const root = document.contents
  if (root === null || (isScalar(root) && root.value === null)) return []
  if (!isMap(root)) return wrong(root.range, 'settings are a map of names and values', `It may hold: ${names.join(', ')}.`)
  const found: WrittenSetting[] = []
  for (const {key, value} of root.items) {
    const range = isScalar(key) ? key.range : root.range
    const typed = isScalar(key) ? String(key.value) : ''
    const setting = SETTINGS.find(each => each.name === typed)
    if (setting === undefined) {
      const meant = didYouMean(typed, names)
      return wrong(
        range,
        `there is no setting ${JSON.stringify(visible(typed))}`,
        `${meant === undefined ? '' : `Did you mean ${meant}? `}It may hold: ${names.join(', ')}.`,
      )
    }
    const at = (node: unknown) => index.position((isScalar(node) ? node.range?.[0] : range?.[0]) ?? 0).line
    /** The text of a value that is one. */
    const textOf = (node: unknown): string => {
      const plain = isScalar(node) && (typeof node.value === 'string' || typeof node.value === 'number')
      if (!plain || node.value === '')
        return wrong(isScalar(node) ? node.range : range, `${setting.name} should be ${shape(setting)}`)
      return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value))
    }
    const add = (node: unknown, of?: string) =>
      found.push({name: setting.name, text: textOf(node), file, line: at(node), ...(of === undefined ? {} : {of})})
    if (setting.type === 'bases') {
      if (!isMap(value)) return wrong(range, `${setting.name} should be ${shape(setting)}`)
      for (const pair of value.items) add(pair.value, textOf(pair.key))
    } else if (isSeq(value) && (setting.type === 'places' || setting.type === 'texts')) for (const item of value.items) add(item)
    else {
      add(value)
      if (setting.type === 'number' && !/^[1-9]\d{0,5}$/.test(found.at(-1)?.text ?? ''))
        return wrong(isScalar(value) ? value.range : range, `${setting.name} should be ${shape(setting)}`)
    }
  }
  return found
}

function shape({type}: Setting): string {
  switch (type) {
    case 'bases':
      return 'a map from references to replacements'
    case 'number':
      return 'a whole number from 1 on'
    case 'places':
    case 'texts':
      return 'a text or a list of texts'
    case 'folder':
      return 'the path of a folder'
    default:
      return 'a text'
  }
}

function mistake(index: LineIndex, from: number, to: number, message: string, hint: string | undefined): SifstageError {
  const span: Span = index.span(from, Math.max(from, to))
  const {line, column} = span.start
  const text = index.lineText(line)
  const width = Math.max(1, (span.end.line === line ? span.end.column : text.length + 1) - column)
  const number = String(line)
  const marks = `${' '.repeat(number.length)} | ${' '.repeat(column - 1)}^${'~'.repeat(width - 1)}`
  return new SifstageError(
    ExitCode.usage,
    `${visible(index.file)}:${line}:${column}: ${message}`,
    [`${number} | ${visibleLine(text)}`, marks, ...(hint === undefined ? [] : [hint])].join('\n'),
  )
}
