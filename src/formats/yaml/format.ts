/** Lays a description out anew: indentation, blank lines, the order of keys. Comments, quotes and texts stay. */
import {
  type Document,
  isCollection,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Pair,
  parseDocument,
  Scalar,
  type ScalarTag,
  visit,
  type YAMLMap,
} from 'yaml'
import {stringifyString} from 'yaml/util'
import type {FormatResult} from '../../model/format.js'
import {LineIndex} from '../../model/span.js'
import {Problems} from '../dockerfile/problems.js'
import {parseYaml} from './document.js'
import {definitionStageSchema, descriptionSchema, includeSchema, stageSchema, stepSchemas} from './schema.js'

/** How wide a text is that is folded anyhow (`>`); nothing else is broken into lines. */
const WIDTH = 100

/** A text as the library writes it, but one that is folded stays folded. */
const text: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: value => typeof value === 'string',
  resolve: value => value,
  stringify(item, context, onComment, onChompKeep) {
    const own = item as Scalar & {readonly value: string}
    const folded = own.type === Scalar.BLOCK_FOLDED
    return stringifyString(
      own,
      folded ? {...context, options: {...context.options, lineWidth: WIDTH}} : context,
      onComment,
      onChompKeep,
    )
  },
}

const TOP = keysOf(descriptionSchema)
const STEPS = [...new Set(Object.values(stepSchemas).flatMap(keysOf))]

function keysOf(schema: {readonly shape: object}): string[] {
  return Object.keys(schema.shape)
}

/** Undefined text where this is no YAML: then the findings say why. */
export function formatYaml(file: string, source: string): FormatResult {
  const problems = new Problems()
  const parsed = parseYaml(file, source, problems)
  if (parsed === undefined) return {diagnostics: problems.sorted()}
  const plain = source.replace(/^\ufeff/, '')
  const eol = source.includes('\r\n') ? '\r\n' : '\n'
  const document = parse(plain)
  const root = document.contents
  if (!isMap(root) || root.flow === true) {
    problems.syntax(
      new LineIndex(file, source).span(0, 1),
      isMap(root)
        ? 'This is JSON, or written like it: that has formatters of its own.'
        : 'This is no description: it should be a map with "sifstage" and "stages".',
      isMap(root) ? 'Write it as YAML: sifstage convert INPUT --to yaml' : undefined,
    )
    return {diagnostics: problems.sorted()}
  }
  const formatted = settledText(plain)
  // What the library cannot put into one form, or would lose a comment of, stays as it is.
  const same = formatted !== undefined && isSame(parse(formatted), layOut(document, plain)) && sameComments(formatted, plain)
  return {text: same ? formatted.replaceAll('\n', eol) : source, diagnostics: []}
}

/** The library needs more than one turn for comments in odd places; undefined where it goes round in circles. */
function settledText(source: string): string | undefined {
  let text = source
  for (let turn = 0; turn < 5; turn += 1) {
    const next = layOut(parse(text), text).toString({lineWidth: 0, flowCollectionPadding: false})
    if (next === text) return text
    text = next
  }
  return undefined
}

function parse(source: string): Document.Parsed {
  return parseDocument(source, {
    schema: 'failsafe',
    customTags: tags => [...tags.filter(tag => typeof tag === 'string' || tag.tag !== text.tag), text, 'null'],
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  })
}

function layOut(document: Document, source: string): Document {
  const root = document.contents
  let anchored = false
  const isLong = (range: readonly number[] | null | undefined) => source.slice(range?.[0], range?.[1]).includes('\n')
  visit(document, {
    Alias: () => {
      anchored = true
    },
    Collection: (_, node) => {
      // Over several lines anyhow: then one line an item, which comments may stand between.
      if (node.flow === true && node.items.length > 0 && isLong(node.range)) node.flow = false
    },
  })
  // An alias has to stand behind its anchor.
  if (anchored || !isMap(root)) return document
  sortKeys(root, TOP)
  const stages = root.get('stages')
  for (const {value: stage} of isMap(stages) ? stages.items : []) {
    if (!isMap(stage)) continue
    sortKeys(stage, stageKeys(stage))
    const steps = stage.get('steps')
    if (isSeq(steps)) for (const step of steps.items) if (isMap(step)) sortKeys(step, stepKeys(step))
  }
  return document
}

/** A stage of its own, of another file (`file:`), or of a definition file (`rules: def`). */
function stageKeys(stage: YAMLMap): readonly string[] {
  return keysOf(stage.has('file') ? includeSchema : stage.has('rules') ? definitionStageSchema : stageSchema)
}

/** The key that says what a step is comes first. */
function stepKeys(step: YAMLMap): readonly string[] {
  const kind = Object.keys(stepSchemas).find(each => step.has(each))
  const schema = kind === undefined ? undefined : stepSchemas[kind as keyof typeof stepSchemas]
  return schema === undefined ? STEPS : keysOf(schema)
}

/** Known keys in their order, then the others as they stand. A comment goes with the key that it stands above. */
function sortKeys(map: YAMLMap, order: readonly string[]): void {
  const rank = (pair: Pair) => {
    const at = order.indexOf(isScalar(pair.key) ? String(pair.key.value) : '')
    return at === -1 ? order.length : at
  }
  const sorted = map.items.toSorted((a, b) => rank(a) - rank(b))
  const [first] = map.items
  if (first === undefined || sorted.every((pair, i) => pair === map.items[i])) return
  // What stands above the first key is kept with the map.
  if (map.commentBefore && isNode(first.key)) {
    first.key.commentBefore = map.commentBefore
    map.commentBefore = null
  }
  map.items = sorted
  // Of an item of a list, it stands above the dash.
  const key = sorted[0]?.key
  if (isNode(key) && key.commentBefore) {
    map.commentBefore = key.commentBefore
    key.commentBefore = null
  }
}

/** The same values in the same places, whatever the order of the keys that were moved. */
function isSame(one: Document, other: Document): boolean {
  return JSON.stringify(sorted(one.contents)) === JSON.stringify(sorted(other.contents))
}

function sorted(node: unknown): unknown {
  if (isMap(node)) return node.items.map(pair => [sorted(pair.key), sorted(pair.value)])
  if (isSeq(node)) return {list: node.items.map(sorted)}
  if (isScalar(node)) return {value: node.value, anchor: node.anchor}
  return isCollection(node) ? undefined : String(node)
}

/** Every comment is there, as often as before. */
function sameComments(one: string, other: string): boolean {
  return JSON.stringify(commentsOf(one)) === JSON.stringify(commentsOf(other))
}

function commentsOf(source: string): string[] {
  const found: string[] = []
  const add = (comment: string | null | undefined) => {
    for (const line of (comment ?? '').split('\n')) if (line.trim() !== '') found.push(line.trim())
  }
  const document = parse(source)
  add(document.commentBefore)
  add(document.comment)
  visit(document, {
    Node: (_, node) => {
      add(node.commentBefore)
      add(node.comment)
    },
  })
  return found.sort()
}
