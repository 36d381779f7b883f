/**
 * Where the stages of a graph and the labels of its arrows lie on a plane: layers from top to bottom, few crossings, every
 * label with room of its own (Sugiyama's way, in short).
 */
import type {Arrow} from '../plan-arrows.js'
import {spread} from './spread.js'

export interface Sizes {
  /** Of the stages' boxes. */
  readonly widths: readonly number[]
  readonly height: number
  /** Of each arrow's label; 0 for none. */
  readonly labels: readonly number[]
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Layout {
  readonly width: number
  readonly height: number
  /** The middle of each stage's box. */
  readonly stages: readonly Point[]
  /** For each arrow the points that it goes through, from box to box, and the middle of its label. */
  readonly arrows: readonly {readonly points: readonly Point[]; readonly label: Point}[]
}

/** Between things side by side, around the whole, and from a row of boxes to the next. */
const GAP = 22
const MARGIN = 6
const BETWEEN = 82
/** That a line takes where it goes past a row. */
const LINE = 14

/** Something in a layer: a stage, or the place where an arrow passes. */
interface Spot {
  readonly width: number
  readonly above: Spot[]
  readonly below: Spot[]
  x: number
}

/** Rows of the stages: each below all that it needs, and as near as can be to who needs it. */
function ranksOf(count: number, arrows: readonly Arrow[]): number[] {
  const ranks = Array.from({length: count}, () => 0)
  for (let round = 0; round < count; round++)
    for (const {from, to} of arrows) ranks[to] = Math.max(ranks[to] ?? 0, (ranks[from] ?? 0) + 1)
  for (let place = 0; place < count; place++) {
    const next = arrows.filter(each => each.from === place).map(each => ranks[each.to] ?? 0)
    if (next.length > 0 && !arrows.some(each => each.to === place)) ranks[place] = Math.min(...next) - 1
  }
  return ranks
}

/** How often lines cross between two layers. */
function crossings(upper: readonly Spot[], lower: readonly Spot[]): number {
  const places = new Map(lower.map((spot, i) => [spot, i] as const))
  const ends = upper.flatMap(spot => spot.below.map(each => places.get(each) ?? 0).sort((a, b) => a - b))
  let count = 0
  for (const [i, end] of ends.entries()) for (const other of ends.slice(i + 1)) if (other < end) count += 1
  return count
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Puts each layer into the order that its neighbours suggest, up and down, and keeps the best that came out. */
function untangle(layers: Spot[][]): Spot[][] {
  let best = layers.map(layer => [...layer])
  const total = (all: readonly Spot[][]) => all.reduce((sum, layer, i) => sum + crossings(all[i - 1] ?? [], layer), 0)
  let fewest = total(best)
  for (let round = 0; round < 16 && fewest > 0; round++) {
    const down = round % 2 === 0
    const order = down ? layers.keys() : [...layers.keys()].reverse()
    for (const i of order) {
      const layer = layers[i] ?? []
      const places = new Map((layers[down ? i - 1 : i + 1] ?? []).map((spot, at) => [spot, at] as const))
      const wish = new Map(
        layer.map((spot, at) => [spot, mean((down ? spot.above : spot.below).map(each => places.get(each) ?? 0)) ?? at] as const),
      )
      layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0))
    }
    const now = total(layers)
    if (now < fewest) [fewest, best] = [now, layers.map(layer => [...layer])]
  }
  return best
}

/** Moves what is in a layer to where its neighbours are, as far as there is room. */
function settle(layers: readonly (readonly Spot[])[]): void {
  for (const layer of layers)
    place(
      layer,
      layer.map(() => 0),
    )
  for (let round = 0; round < 24; round++) {
    const down = round % 2 === 0
    for (const layer of down ? layers : layers.toReversed())
      place(
        layer,
        layer.map(spot => mean((down ? spot.above : spot.below).map(each => each.x)) ?? spot.x),
      )
  }
}

function place(layer: readonly Spot[], wishes: readonly number[]): void {
  const gaps = layer.map((spot, i) => (i === 0 ? 0 : ((layer[i - 1]?.width ?? 0) + spot.width) / 2 + GAP))
  for (const [i, x] of spread(wishes, gaps).entries()) {
    const spot = layer[i]
    if (spot !== undefined) spot.x = x
  }
}

/** Where the arrows at one side of a box touch it: side by side, in the order of where they come from. */
function touching(box: Spot, width: number, others: readonly Spot[]): Map<Spot, number> {
  const room = Math.min(36, (width * 0.7) / Math.max(1, others.length))
  const sorted = others.toSorted((a, b) => a.x - b.x)
  return new Map(sorted.map((other, i) => [other, box.x + (i - (sorted.length - 1) / 2) * room] as const))
}

export function layout(arrows: readonly Arrow[], {widths, height, labels}: Sizes): Layout {
  const ranks = ranksOf(widths.length, arrows)
  const layers: Spot[][] = Array.from({length: 2 * Math.max(0, ...ranks) + 1}, () => [])
  const add = (layer: number, width: number): Spot => {
    const spot: Spot = {width, above: [], below: [], x: 0}
    layers[layer]?.push(spot)
    return spot
  }
  const boxes = widths.map((width, i) => add(2 * (ranks[i] ?? 0), width))
  // Rows of boxes and rows between them take turns; a label has its place in the first row that its arrow comes to.
  const passing = arrows.map(({from, to}, i) => {
    const [first, last] = [2 * (ranks[from] ?? 0) + 1, 2 * (ranks[to] ?? 0) - 1]
    return Array.from({length: last - first + 1}, (_, at) => add(first + at, at === 0 ? Math.max(LINE, labels[i] ?? 0) : LINE))
  })
  for (const [i, {from, to}] of arrows.entries()) {
    const way = [boxes[from], ...(passing[i] ?? []), boxes[to]]
    for (const [at, spot] of way.entries()) {
      const next = way[at + 1]
      if (spot === undefined || next === undefined) continue
      spot.below.push(next)
      next.above.push(spot)
    }
  }
  settle(untangle(layers))
  const all = layers.flat()
  const shift = MARGIN - Math.min(...all.map(({x, width}) => x - width / 2))
  for (const spot of all) spot.x += shift
  const middle = (layer: number) => MARGIN + height / 2 + (layer / 2) * (height + BETWEEN)
  const leaving = boxes.map((box, i) => touching(box, widths[i] ?? 0, box.below))
  const arriving = boxes.map((box, i) => touching(box, widths[i] ?? 0, box.above))
  return {
    width: Math.max(...all.map(({x, width}) => x + width / 2)) + MARGIN,
    height: middle(layers.length - 1) + height / 2 + MARGIN,
    stages: boxes.map(({x}, i) => ({x, y: middle(2 * (ranks[i] ?? 0))})),
    arrows: arrows.map(({from, to}, i) => {
      const spots = passing[i] ?? []
      const layer = 2 * (ranks[from] ?? 0) + 1
      // Past its label only the rows of boxes matter: beside one it goes straight down, so that it runs through none of them.
      const points = spots.flatMap(({x}, at) => {
        const y = middle(layer + at)
        if (at === 0) return [{x, y}]
        return at % 2 === 0
          ? []
          : [
              {x, y: y - height / 2},
              {x, y: y + height / 2},
            ]
      })
      const [first, last] = [spots[0], spots.at(-1)]
      const x = (ends: ReadonlyMap<Spot, number> | undefined, spot: Spot | undefined) => (spot && ends?.get(spot)) ?? 0
      return {
        points: [
          {x: x(leaving[from], first), y: middle(layer - 1) + height / 2},
          ...points,
          {x: x(arriving[to], last), y: middle(2 * (ranks[to] ?? 0)) - height / 2},
        ],
        label: points[0] ?? {x: 0, y: 0},
      }
    }),
  }
}
