import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {CopyStep, Description, FormatName, Mount, Stage, Step} from '../../src/model/description.js'
import {startOf} from '../../src/model/span.js'
import {literal} from '../../src/model/template.js'
import {artifactsOf, findCycles, neededStages, resolveTarget, waves} from '../../src/plan/graph.js'

const span = startOf('x')

function copy(index: number | undefined, ...paths: string[]): CopyStep {
  return {
    kind: 'copy',
    rules: 'docker',
    span,
    from: {kind: 'stage', name: String(index), index, span},
    sources: paths.map(path => ({path: literal(path), span})),
    destination: {path: literal('/x/'), span},
  }
}

function stage(index: number, base: number | undefined, steps: Step[] = []): Stage {
  return {
    name: `s${index}`,
    index,
    named: true,
    rules: 'docker',
    span,
    nameSpan: span,
    base: base === undefined ? {kind: 'scratch', span} : {kind: 'stage', name: `s${base}`, index: base, span},
    steps,
    settings: {},
  }
}

function description(stages: Stage[], format: FormatName = 'yaml'): Description {
  return {format, file: 'x', text: '', stages}
}

/** Edges as `[user, needed]`, as copies. */
function graph(count: number, edges: readonly (readonly [number, number])[]): Description {
  return description(
    Array.from({length: count}, (_, i) =>
      stage(
        i,
        undefined,
        edges.filter(([from]) => from === i).map(([, to]) => copy(to, `/a${to}`)),
      ),
    ),
  )
}

const names = (cycles: ReturnType<typeof findCycles>) => cycles.map(cycle => cycle.map(({stage}) => stage.name).join(' '))

describe('needed stages', () => {
  it('are the target and all that it starts from or copies out of', () => {
    const d = description([
      stage(0, undefined),
      stage(1, 0),
      stage(2, undefined),
      stage(3, undefined, [copy(1, '/a')]),
      stage(4, 3),
    ])
    expect(neededStages(d, 3)).toEqual([0, 1, 3])
    expect(neededStages(d, 2)).toEqual([2])
  })
  it('are also those that a command mounts', () => {
    const mounts: Mount[] = [
      {kind: 'bind', from: {kind: 'stage', name: 'b', index: 1, span}, source: ['/a'], target: ['/mnt'], writable: false, span},
    ]
    const run: Step = {kind: 'run', rules: 'docker', where: 'image', command: {kind: 'exec', argv: ['x']}, mounts, span}
    const d = description([stage(0, undefined), stage(1, 0), stage(2, undefined, [run])])
    expect(neededStages(d, 2)).toEqual([0, 1, 2])
    expect(artifactsOf(d, [0, 1, 2]).get(1)).toMatchObject([{path: '/a', wantedBy: [d.stages[2]?.name]}])
  })
  it('leave out names that mean no stage', () => {
    expect(neededStages(description([stage(0, undefined, [copy(undefined, '/a'), copy(7, '/b')])]), 0)).toEqual([0])
  })
})

describe('waves', () => {
  it('put a tree side by side', () => {
    const d = graph(5, [
      [1, 0],
      [2, 0],
      [3, 2],
      [4, 1],
      [4, 3],
    ])
    expect(waves(d, 4)).toEqual([[0], [1, 2], [3], [4]])
  })
  it('need no order in the text', () => {
    expect(
      waves(
        graph(3, [
          [0, 1],
          [1, 2],
        ]),
        0,
      ),
    ).toEqual([[2], [1], [0]])
  })
  it('hold no stage of a cycle, nor one that needs it', () => {
    const d = graph(4, [
      [0, 1],
      [1, 0],
      [2, 1],
      [2, 3],
    ])
    expect(waves(d, 2)).toEqual([[3]])
  })
  it('take a copy from the stage itself for nothing', () => {
    expect(waves(graph(1, [[0, 0]]), 0)).toEqual([[0]])
  })
  it('have every stage once, after all that it needs, in any graph without a cycle', () => {
    const dag = fc.integer({min: 2, max: 25}).chain(count =>
      fc.record({
        count: fc.constant(count),
        edges: fc.array(
          fc
            .tuple(fc.nat(count - 1), fc.nat(count - 1))
            .filter(([a, b]) => a !== b)
            .map(([a, b]) => [Math.max(a, b), Math.min(a, b)] as const),
          {maxLength: 60},
        ),
        order: fc.shuffledSubarray(
          Array.from({length: count}, (_, i) => i),
          {minLength: count, maxLength: count},
        ),
        target: fc.nat(count - 1),
      }),
    )
    fc.assert(
      fc.property(dag, ({count, edges, order, target}) => {
        const d = graph(
          count,
          edges.map(([a, b]) => [order[a] ?? 0, order[b] ?? 0] as const),
        )
        const result = waves(d, target)
        expect(result.flat().sort((a, b) => a - b)).toEqual(neededStages(d, target))
        expect(result.at(-1)).toEqual([target])
        const waveOf = new Map(result.flatMap((wave, i) => wave.map(index => [index, i] as const)))
        for (const index of result.flat()) {
          for (const other of d.stages[index]?.steps ?? []) {
            if (other.kind !== 'copy' || other.from.kind !== 'stage') continue
            expect(waveOf.get(other.from.index ?? -1)).toBeLessThan(waveOf.get(index) ?? -1)
          }
        }
        expect(findCycles(d)).toEqual([])
      }),
    )
  })
})

describe('cycles', () => {
  it('are told once each, the shortest way round, from the first stage on', () => {
    const d = graph(7, [
      [0, 3],
      [1, 2],
      [2, 3],
      [3, 1],
      [2, 1],
      [5, 6],
      [6, 5],
    ])
    expect(names(findCycles(d))).toEqual(['s1 s2', 's5 s6'])
  })
  it('hold a stage that starts from itself, not one that copies from itself', () => {
    expect(names(findCycles(description([stage(0, 0), stage(1, undefined, [copy(1, '/a')])])))).toEqual(['s0'])
  })
  it('are found in a chain of 100000 stages without overflowing the stack', () => {
    const count = 100_000
    const chain = Array.from({length: count}, (_, i) => stage(i, i === 0 ? undefined : i - 1))
    expect(findCycles(description(chain))).toEqual([])
    expect(waves(description(chain), count - 1)).toHaveLength(count)
    chain[0] = stage(0, count - 1)
    expect(findCycles(description(chain))[0]).toHaveLength(count)
  })
  it('exist exactly when some stage is in no wave', () => {
    const edges = fc.array(
      fc.tuple(fc.nat(9), fc.nat(9)).filter(([a, b]) => a !== b),
      {maxLength: 25},
    )
    fc.assert(
      fc.property(edges, list => {
        const d = graph(10, list)
        const stuck = d.stages.some(({index}) => waves(d, index).flat().at(-1) !== index)
        expect(findCycles(d).length > 0).toBe(stuck)
        for (const cycle of findCycles(d)) {
          cycle.forEach(({need}, i) => {
            expect(need.index).toBe(cycle[(i + 1) % cycle.length]?.stage.index)
          })
        }
      }),
    )
  })
})

describe('artifacts', () => {
  it('are absolute and clean, with everyone who wants them', () => {
    const d = description([
      stage(0, undefined),
      stage(1, undefined, [copy(0, 'opt/./a/', '/b/../c*.so'), copy(0, '../../opt/a')]),
      stage(2, undefined, [copy(0, '/opt//a', '.')]),
      stage(3, undefined, [copy(0, '/unused')]),
    ])
    const found = artifactsOf(d, [0, 1, 2]).get(0)
    expect(found?.map(({path, wantedBy}) => [path, ...wantedBy])).toEqual([
      ['/opt/a', 's1', 's2'],
      ['/c*.so', 's1'],
      ['/', 's2'],
    ])
    expect(found?.[0]?.requests).toHaveLength(3)
  })
  it('show a variable that only the base knows', () => {
    const step: CopyStep = {...copy(0), sources: [{path: ['/opt/', {variable: 'V'}], span}]}
    expect(artifactsOf(description([stage(0, undefined), stage(1, undefined, [step])]), [0, 1]).get(0)?.[0]?.path).toBe(
      '/opt/${V}',
    )
  })
})

describe('the target', () => {
  const d = graph(3, [])
  const name = (text: string | undefined, of: Description = d) => {
    const target = resolveTarget(of, text)
    return target.kind === 'found' ? target.stage.name : target.kind
  }
  it('is the last stage unless someone says otherwise', () => {
    expect(name(undefined)).toBe('s2')
    expect(name(undefined, {...d, target: {name: 's0', span}})).toBe('s0')
    expect(name('s1', {...d, target: {name: 's0', span}})).toBe('s1')
  })
  it('goes by name or by number', () => {
    expect(name('1')).toBe('s1')
    expect(name('3')).toBe('unknown')
    expect(name('-1')).toBe('unknown')
    expect(name('')).toBe('unknown')
  })
  it('ignores case only for a Dockerfile', () => {
    expect(name('S1')).toBe('unknown')
    expect(name('S1', {...d, format: 'dockerfile'})).toBe('s1')
  })
})
