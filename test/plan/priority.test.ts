import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {CopyStep, Description, Stage} from '../../src/model/description.js'
import {startOf} from '../../src/model/span.js'
import {literal} from '../../src/model/template.js'
import {neededDirectly} from '../../src/plan/graph.js'
import {secondsToEnd} from '../../src/plan/priority.js'

const span = startOf('x')

/** Stages that copy from earlier ones: edges as `[user, needed]`. */
function graph(count: number, edges: readonly (readonly [number, number])[]): Description {
  const copy = (index: number): CopyStep => ({
    kind: 'copy',
    rules: 'docker',
    span,
    from: {kind: 'stage', name: String(index), index, span},
    sources: [{path: literal('/a'), span}],
    destination: {path: literal('/x/'), span},
  })
  const stages = Array.from(
    {length: count},
    (_, index): Stage => ({
      name: `s${index}`,
      index,
      named: true,
      rules: 'docker',
      span,
      nameSpan: span,
      base: {kind: 'scratch', span},
      steps: edges.filter(([user]) => user === index).map(([, needed]) => copy(needed)),
      settings: {},
    }),
  )
  return {format: 'yaml', file: 'x', text: '', stages}
}

const all = (count: number) => Array.from({length: count}, (_, index) => index)

describe('seconds to the end', () => {
  it('are the longest way to the target', () => {
    //   0 ─ 2 ┐
    //   1 ────┴ 3
    const description = graph(4, [
      [2, 0],
      [3, 2],
      [3, 1],
    ])
    const seconds = new Map([
      [0, 10],
      [1, 25],
      [2, 20],
      [3, 1],
    ])
    expect(Object.fromEntries(secondsToEnd(description, all(4), seconds))).toEqual({0: 31, 1: 26, 2: 21, 3: 1})
  })

  it('take the mean of the others for a stage that was never built', () => {
    const description = graph(3, [
      [2, 0],
      [2, 1],
    ])
    expect(
      secondsToEnd(
        description,
        all(3),
        new Map([
          [0, 10],
          [2, 20],
        ]),
      ).get(1),
    ).toBe(35)
    expect(secondsToEnd(description, all(3), new Map()).get(0)).toBe(2)
  })

  it('look at needed stages only', () => {
    const description = graph(3, [
      [1, 0],
      [2, 0],
    ])
    expect(
      [
        ...secondsToEnd(
          description,
          [0, 1],
          new Map([
            [0, 1],
            [1, 2],
            [2, 50],
          ]),
        ).keys(),
      ].sort(),
    ).toEqual([0, 1])
    expect(
      secondsToEnd(
        description,
        [0, 1],
        new Map([
          [0, 1],
          [1, 2],
          [2, 50],
        ]),
      ).get(0),
    ).toBe(3)
  })

  it('of any stage are its own and the most of those that need it', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 2, max: 12}).chain(count =>
          fc.record({
            count: fc.constant(count),
            edges: fc.array(fc.tuple(fc.nat(count - 1), fc.nat(count - 1)).filter(([user, needed]) => needed < user)),
            seconds: fc.array(fc.nat(100), {minLength: count, maxLength: count}),
          }),
        ),
        ({count, edges, seconds}) => {
          const description = graph(count, edges)
          const found = secondsToEnd(description, all(count), new Map(seconds.entries()))
          for (const stage of description.stages) {
            const users = description.stages.filter(each => neededDirectly(each).includes(stage.index))
            const after = Math.max(0, ...users.map(user => found.get(user.index) ?? Number.NaN))
            expect(found.get(stage.index)).toBe((seconds[stage.index] ?? 0) + after)
          }
        },
      ),
    )
  })

  it('of a chain of 50,000 stages are found without recursion', () => {
    const count = 50_000
    const stages = graph(count, []).stages.map((stage, index) =>
      index === 0 ? stage : {...stage, base: {kind: 'stage' as const, name: `s${index - 1}`, index: index - 1, span}},
    )
    const found = secondsToEnd({format: 'yaml', file: 'x', text: '', stages}, all(count), new Map([[0, 1]]))
    expect(found.get(0)).toBe(count)
  })
})
