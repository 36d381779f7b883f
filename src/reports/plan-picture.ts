/**
 * A plan drawn in characters: one stage a box, from top to bottom. An arrow to the very next box goes straight down; any
 * other runs in a lane beside the boxes, so that no shape of a graph is too much for it.
 */
import type {Plan, PlanStage} from '../model/plan.js'
import {Canvas} from './canvas.js'
import {type Lane, lanesOf} from './lanes.js'
import {palette} from './palette.js'
import {type Arrow, arrowsOf, inDrawingOrder} from './plan-arrows.js'
import {baseWords, shortened} from './plan-words.js'
import {columnsOf, visible} from './visible.js'

export interface PictureOptions {
  /** Columns of the terminal. */
  readonly width: number
  /** Whether it shows characters beyond ASCII. */
  readonly unicode: boolean
  readonly colour: boolean
}

/** Columns inside a box: fewer say nothing, more are not read. */
const NARROWEST = 12
const READABLE = 24
const WIDEST = 60

/** Cut to a number of columns. */
function cutTo(text: string, columns: number, unicode: boolean): string {
  const shown = unicode ? visible(text) : visible(text).replace(/[^\x20-\x7e]/gu, '?')
  if (columnsOf(shown) <= columns) return shown
  const mark = unicode ? '…' : columns > 3 ? '...' : '.'
  let kept = ''
  let left = columns - mark.length
  for (const character of shown) {
    left -= columnsOf(character)
    if (left < 0) break
    kept += character
  }
  return `${kept}${mark}`
}

function statusWords({cached, why}: PlanStage): string {
  return cached ? 'cached' : why === undefined ? 'not cached' : `not cached: ${why}`
}

function nameWords({name}: PlanStage, target: string): string {
  return name === target ? `${name} (target)` : name
}

/** How much goes where across: lanes to the left, boxes to the right of them. */
interface Measures {
  readonly lanes: readonly Lane[]
  /** Columns from one lane to the next. */
  readonly pitch: number
  /** Column of the boxes' left side. */
  readonly left: number
  /** Columns of text in a box. */
  readonly inner: number
}

/** Undefined where the terminal is too narrow for so many arrows. */
function measure(stages: readonly PlanStage[], arrows: readonly Arrow[], target: string, width: number): Measures | undefined {
  const wanted = stages
    .flatMap(stage => [nameWords(stage, target), baseWords(stage), statusWords(stage)])
    .reduce((most, words) => Math.max(most, columnsOf(visible(words))), NARROWEST)
  for (const [by, pitch, least] of [
    ['length', 2, READABLE],
    ['start', 2, READABLE],
    ['start', 1, NARROWEST],
  ] as const) {
    const lanes = lanesOf(arrows, by)
    const count = lanes.reduce((most, {column}) => Math.max(most, column + 1), 0)
    const left = count === 0 ? 0 : count * pitch + 2
    const room = width - left - 4
    if (room >= least) return {lanes, pitch, left, inner: Math.min(wanted, room, WIDEST)}
  }
  return undefined
}

/** The picture's lines; undefined where it does not fit. */
export function planPicture({stages: given, target}: Plan, {width, unicode, colour}: PictureOptions): string[] | undefined {
  const stages = inDrawingOrder(given)
  const arrows = arrowsOf(stages)
  const measures = measure(stages, arrows, target, width)
  if (measures === undefined || stages.length === 0) return undefined
  const {lanes, pitch, left, inner} = measures
  const canvas = new Canvas(unicode)
  const colours = palette(colour)
  const cut = (text: string, columns: number) => cutTo(text, columns, unicode)
  const right = left + inner + 3
  const columnOf = ({column}: Lane) => column * pitch
  const weightOf = (kind: Arrow['kind']) => (kind === 'base' ? 2 : 1)
  const arrowTo = unicode ? {down: '▼', right: '▶', words: '→'} : {down: 'v', right: '>', words: '->'}
  /** Where a lane's line has come to, going down. */
  const reached = new Map<Lane, number>()
  const heads: (readonly [x: number, y: number])[] = []
  let y = 0
  for (const [place, stage] of stages.entries()) {
    const top = y
    const arriving = lanes.filter(lane => lane.to.includes(place))
    const bottom = top + 1 + Math.max(3, arriving.length)
    canvas.box(left, top, right, bottom)
    const paint = stage.cached ? colours.good : colours.faint
    for (const [i, [words, painted]] of (
      [
        [nameWords(stage, target), colours.strong],
        [baseWords(stage), (text: string) => text],
        [statusWords(stage), paint],
      ] as const
    ).entries())
      canvas.text(left + 2, top + 1 + i, cut(words, inner), painted)
    // The lane nearest to the box first: so the ones that end here do not cross each other.
    for (const [i, lane] of arriving.toSorted((a, b) => b.column - a.column).entries()) {
      const row = top + 1 + i
      const x = columnOf(lane)
      const from = reached.get(lane) ?? top
      canvas.down(x, from, row, weightOf(lane.kind))
      canvas.across(x, left - 1, row, weightOf(lane.kind))
      canvas.text(left - 1, row, arrowTo.right)
      reached.set(lane, row)
    }
    y = bottom + 1
    const straight = arrows.filter(each => each.from === place && each.to === place + 1)
    // The outermost first, for the same reason.
    const leaving = lanes.filter(lane => lane.from === place).sort((a, b) => a.column - b.column)
    const stem = (i: number) => left + 1 + i
    const text = left + leaving.length + straight.length + 2
    const say = (words: string) => canvas.text(text, y, cut(words, width - text), colours.faint)
    for (const [i, lane] of leaving.entries()) {
      const x = columnOf(lane)
      canvas.down(stem(i), bottom, y, weightOf(lane.kind))
      canvas.across(x, stem(i), y, weightOf(lane.kind))
      reached.set(lane, y)
      for (const to of lane.to) {
        const paths = arrows.find(each => each.kind === lane.kind && each.from === place && each.to === to)?.paths ?? []
        const name = stages[to]?.name ?? ''
        say(`${arrowTo.words} ${name}: ${labelOf(lane.kind, paths)}`)
        y += 1
      }
    }
    for (const {kind, paths} of straight) {
      say(labelOf(kind, paths))
      y += 1
    }
    for (const [i, {kind}] of straight.entries()) {
      canvas.down(stem(leaving.length + i), bottom, y, weightOf(kind))
    }
    heads.push(...straight.map((_, i) => [stem(leaving.length + i), y] as const))
  }
  for (const [x, at] of heads) canvas.text(x, at, arrowTo.down)
  return canvas.lines()
}

function labelOf(kind: Arrow['kind'], paths: readonly string[]): string {
  return kind === 'base' ? 'its base' : shortened(paths).join(', ')
}
