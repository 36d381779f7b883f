/** A YAML text with every place in it, or the reasons why it is none. Values are read as texts; see schema.ts. */
import {type Document, isAlias, isCollection, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, visit} from 'yaml'
import {LineIndex, type Span, startOf} from '../../model/span.js'
import type {Problems} from '../dockerfile/problems.js'

/** A description is written by people; parsing much more takes minutes, and a text of brackets the whole stack. */
const mostCharacters = 1 << 20
/** How many times aliases may be followed: ten levels of ten aliases each would be ten thousand million nodes. */
const mostAliases = 100

export type Path = readonly (string | number)[]

export class YamlDocument {
  /** Lines that a text of several lines goes on with: a `#` at their start is no comment. */
  readonly #textLines = new Set<number>()

  constructor(
    readonly index: LineIndex,
    readonly document: Document,
    readonly root: Node,
  ) {
    visit(document, {
      Scalar: (_, {range}) => {
        if (range === null || range === undefined) return
        const last = index.position(range[1] - 1).line
        for (let line = index.position(range[0]).line + 1; line <= last; line += 1) this.#textLines.add(line)
      },
    })
  }

  get file(): string {
    return this.index.file
  }

  /** The node at a path below `from`; aliases on the way are followed, the last one is not. */
  node(path: Path, from: Node = this.root): Node | undefined {
    let node: Node | undefined = from
    for (const key of path) {
      const collection = this.resolved(node)
      if (isMap(collection)) node = pairValue(collection.items.findLast(pair => keyText(pair) === String(key)))
      else if (isSeq(collection)) node = asNode(collection.items[Number(key)])
      else return undefined
    }
    return node
  }

  /** The key that the value at a path stands behind; undefined for an item of a list. */
  key(path: Path, from: Node = this.root): Node | undefined {
    const parent = this.resolved(this.node(path.slice(0, -1), from))
    return isMap(parent) ? asNode(parent.items.findLast(pair => keyText(pair) === String(path.at(-1)))?.key) : undefined
  }

  resolved(node: Node | undefined): Node | undefined {
    return isAlias(node) ? node.resolve(this.document) : node
  }

  /** From the node's first character to its last that is no white space. */
  span(node: Node): Span {
    const [start, end] = node.range ?? [0, 0]
    let last = end
    while (last > start && /\s/.test(this.index.text.charAt(last - 1))) last -= 1
    return this.index.span(start, last)
  }

  /** From a key to the end of its value. */
  pairSpan(key: Node, value: Node | undefined): Span {
    const start = this.span(key)
    return value === undefined || isAlias(value) ? start : {...start, end: this.span(value).end}
  }

  /** The comment lines directly above a node, without their `#`. */
  commentAbove(node: Node): {comment?: readonly string[]} {
    const lines: string[] = []
    const line = this.index.position(node.range?.[0] ?? 0).line
    for (let above = line - 1; above > 0 && lines.length < 50; above -= 1) {
      const match = /^\s*#(.*)$/.exec(this.index.lineText(above))
      if (match === null || this.#textLines.has(above)) break
      lines.unshift(match[1] ?? '')
    }
    return lines.length === 0 ? {} : {comment: lines}
  }

  /** Pairs of a map at a path, in order, the repeated ones too. */
  pairs(path: Path, from: Node = this.root): {readonly name: string; readonly key: Node; readonly value: Node | undefined}[] {
    const map = this.resolved(this.node(path, from))
    if (!isMap(map)) return []
    return map.items.flatMap(pair => {
      const key = asNode(pair.key)
      return key === undefined ? [] : [{name: keyText(pair), key, value: pairValue(pair)}]
    })
  }

  /** The values of a map in the order of the file, which an object does not keep for keys such as `1`. */
  inOrder<T>(values: Readonly<Record<string, T>>, path: Path, from: Node = this.root): [name: string, value: T][] {
    return this.pairs(path, from).flatMap(({name}): [string, T][] => {
      const value = Object.hasOwn(values, name) ? values[name] : undefined
      return value === undefined ? [] : [[name, value]]
    })
  }
}

export interface ParsedYaml {
  readonly yaml: YamlDocument
  /** The whole as plain maps, lists, texts and nulls. */
  readonly plain: unknown
  /** One node of it as such. */
  plainOf(node: Node | undefined): unknown
}

/** Undefined after a `syntax` problem. Repeated names of stages are let through: a check reports them. */
export function parseYaml(file: string, text: string, problems: Problems): ParsedYaml | undefined {
  const index = new LineIndex(file, text.length > mostCharacters ? '' : text)
  const refuse = (span: Span, message: string, hint?: string) => {
    problems.syntax(span, message, hint)
    return undefined
  }
  if (text.length > mostCharacters) {
    return refuse(
      startOf(file),
      `The file has ${text.length} characters, and a description may have ${mostCharacters}.`,
      'Is this the right file? Keep data in files of its own and copy them.',
    )
  }
  const nul = text.indexOf('\0')
  if (nul !== -1)
    return refuse(
      index.span(nul, nul + 1),
      'This is no text: it holds a NUL character.',
      'Is this really a YAML file, saved as UTF-8?',
    )
  const document = parseDocument(text, {
    schema: 'failsafe',
    customTags: ['null'],
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  })
  for (const error of [...document.errors, ...document.warnings]) {
    const [from, to] = error.pos
    refuse(index.span(from, Math.max(to, from + 1)), ...explain(error.code, error.message))
  }
  if (problems.failed) return undefined
  const root = document.contents
  if (root === null || (isScalar(root) && root.value === null)) {
    return refuse(startOf(file), 'The description is empty.', 'It starts with "sifstage: 1" and goes on with "stages:".')
  }
  const yaml = new YamlDocument(index, document, root)
  checkKeys(yaml, problems)
  if (problems.failed) return undefined
  try {
    const plainOf = (node: Node | undefined): unknown => node?.toJS(document, {maxAliasCount: mostAliases})
    return {yaml, plain: plainOf(root), plainOf}
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    return refuse(
      yaml.span(root),
      `The aliases (*NAME) of this file cannot be followed: ${error.message}.`,
      'Use fewer of them, each below its anchor (&NAME).',
    )
  }
}

function explain(code: string, message: string): [message: string, hint?: string] {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return [
        'The file holds several YAML documents, and a description is one.',
        'Remove the line "---", or put each into a file of its own.',
      ]
    case 'RESOURCE_EXHAUSTION':
      return ['The file is nested too deeply.']
    case 'TAG_RESOLVE_FAILED':
      return [`${message}: a description uses no tags.`, 'Remove the word that starts with "!", or put the text in quotes.']
    case 'TAB_AS_INDENT':
      return ['A tab cannot be used for indentation in YAML.', 'Use blanks.']
    default:
      return [message.endsWith('.') ? message : `${message}.`]
  }
}

/** Keys are texts, each once in its map. */
function checkKeys(yaml: YamlDocument, problems: Problems): void {
  const stages = yaml.resolved(yaml.node(['stages']))
  visit(yaml.document, {
    Map: (_, map) => {
      const seen = new Map<string, Node>()
      for (const pair of map.items) {
        const key = asNode(pair.key)
        if (key === undefined) continue
        if (!isScalar(key) || typeof key.value !== 'string' || key.value === '__proto__') {
          problems.syntax(
            yaml.span(key),
            isCollection(key) ? 'A key has to be a text, not a map or list.' : 'This cannot be a key.',
            'If braces are part of a text, put it in quotes.',
          )
          continue
        }
        const before = seen.get(key.value)
        if (before !== undefined && map !== stages) {
          problems.syntax(
            yaml.span(key),
            `The key ${JSON.stringify(key.value)} stands here a second time; the first is at line ${yaml.span(before).start.line}.`,
            'Keep one of them.',
          )
        }
        seen.set(key.value, before ?? key)
      }
    },
  })
}

function keyText(pair: Pair): string {
  return isScalar(pair.key) ? String(pair.key.value) : ''
}

function pairValue(pair: Pair | undefined): Node | undefined {
  return asNode(pair?.value)
}

/** The library types parts of a parsed document as unknown, though they are nodes or null. */
function asNode(value: unknown): Node | undefined {
  return isScalar(value) || isCollection(value) || isAlias(value) ? value : undefined
}
