/** Plans of any shape, from few words. */
import fc from 'fast-check'
import type {Plan, PlanStage} from '../../src/model/plan.js'

export interface Shape {
  readonly name: string
  /** The stage that it starts from. */
  readonly base?: string
  /** What it takes, by stage. */
  readonly takes?: Readonly<Record<string, readonly string[]>>
  readonly cached?: boolean
  readonly why?: string
}

/** The target is the last one. */
export function planOf(shapes: readonly Shape[]): Plan {
  const stages = shapes.map(({name, base, takes = {}, cached = false, why}, index): PlanStage => {
    const handed = new Map<string, string[]>()
    for (const other of shapes)
      for (const path of other.takes?.[name] ?? []) handed.set(path, [...(handed.get(path) ?? []), other.name])
    return {
      name,
      index,
      base: base === undefined ? {kind: 'image', reference: 'docker://debian:12-slim'} : {kind: 'stage', reference: base},
      needs: [...new Set([...(base === undefined ? [] : [base]), ...Object.keys(takes)])],
      copies: [],
      artifacts: [...handed].map(([path, wantedBy]) => ({path, wantedBy})),
      cached,
      ...(why === undefined ? {} : {why}),
    }
  })
  return {
    input: 'stages.yaml',
    target: shapes.at(-1)?.name ?? '',
    stages,
    order: [shapes.map(each => each.name)],
    diagnostics: [],
  }
}

/** Up to `most` stages, each of which may take from, and start from, any before it. */
export function anyShapes(most: number): fc.Arbitrary<Shape[]> {
  return fc.integer({min: 1, max: most}).chain(count => fc.tuple(...Array.from({length: count}, (_, index) => anyShape(index))))
}

function anyShape(index: number): fc.Arbitrary<Shape> {
  const earlier = Array.from({length: index}, (_, other) => `s${other}`)
  return fc.record({
    name: fc.constant(`s${index}`),
    base: earlier.length === 0 ? fc.constant(undefined) : fc.option(fc.constantFrom(...earlier), {nil: undefined}),
    takes: fc.subarray(earlier).map(names => Object.fromEntries(names.map(name => [name, [`/opt/${name}`]]))),
    cached: fc.boolean(),
  }) as fc.Arbitrary<Shape>
}
