/** Where arrows run that go past other stages. */
import type {Arrow} from './plan-arrows.js'

/** All that one stage is to later ones but the next, in one line with as many heads: what it hands out, or that it is their base. */
export interface Lane {
  readonly from: number
  readonly kind: Arrow['kind']
  /** In the order of the stages. */
  readonly to: readonly number[]
  /** From the left. */
  readonly column: number
}

/**
 * Gives each line the leftmost column that is free from its first to its last stage.
 * @param by whose turn is first: the longest line, which crosses the fewest when it runs outermost; or the one that starts
 * first, which takes the fewest columns
 */
export function lanesOf(arrows: readonly Arrow[], by: 'length' | 'start'): Lane[] {
  const lines = new Map<string, {from: number; kind: Arrow['kind']; to: number[]}>()
  for (const {from, to, kind} of arrows) {
    if (to === from + 1) continue
    const line = lines.get(`${kind} ${from}`) ?? {from, kind, to: []}
    line.to = [...line.to, to].sort((a, b) => a - b)
    lines.set(`${kind} ${from}`, line)
  }
  const last = (line: {readonly to: readonly number[]}) => line.to.at(-1) ?? 0
  const lanes: Lane[] = []
  const turns = [...lines.values()].sort((a, b) =>
    by === 'length' ? last(b) - b.from - (last(a) - a.from) || a.from - b.from : a.from - b.from || last(b) - last(a),
  )
  for (const line of turns) {
    // A line that ends at a stage makes room for one that starts there: heads come in above where tails leave.
    const taken = new Set(lanes.filter(each => each.from < last(line) && line.from < last(each)).map(each => each.column))
    let column = 0
    while (taken.has(column)) column += 1
    lanes.push({...line, column})
  }
  return lanes.sort((a, b) => a.from - b.from || b.column - a.column)
}
