import {execa} from 'execa'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {Plan} from '../../src/model/plan.js'
import {planDot} from '../../src/reports/dot.js'
import {planReports} from '../../src/reports/index.js'
import {planMermaid} from '../../src/reports/mermaid.js'
import type {PictureOptions} from '../../src/reports/plan-picture.js'
import {planText} from '../../src/reports/plan-text.js'
import {visible} from '../../src/reports/visible.js'
import {planOf} from './graphs.js'
import {plan} from './plan.js'

const wide: PictureOptions = {width: 80, unicode: true, colour: false}

it('a plan reads well', () => {
  expect(planText(plan, wide)).toBe(`    ┌─────────────────────────────────────────────────┐
    │ base                                            │
    │ scratch                                         │
    │ not cached                                      │
    └╥────────────────────────────────────────────────┘
╔════╝ → final: its base
║   ┌─────────────────────────────────────────────────┐
║   │ compiler                                        │
║   │ docker://debian:12                              │
║   │ cached                                          │
║   └┬────────────────────────────────────────────────┘
║    │ /src/hello, /src/"<b>
║   ┌▼────────────────────────────────────────────────┐
╚══▶│ final (target)                                  │
    │ stage base                                      │
    │ not cached: the steps of the stage have changed │
    └─────────────────────────────────────────────────┘

══ starts from the other stage   ── takes files out of it

1, side by side
  compiler  from docker://debian:12
  ├─ takes hello.c, Makefile from the build context to /src/ (line 8)
  ├─ hands /src/hello, /src/"<b> to final
  └─ cached
  base  from scratch
  └─ not cached
2
  final  from stage base  (target)
  ├─ takes /src/hello from compiler to /bin/hello (line 15)
  ├─ takes /src/"<b> from compiler to /\\u001b[31m (line 16)
  ├─ writes x.conf to /etc/x.conf (line 17)
  └─ not cached: the steps of the stage have changed
`)
})

it('a plan is a Mermaid flowchart', () => {
  expect(planMermaid(plan)).toBe(`flowchart TD
  stage0["compiler<br/>docker://debian:12"]
  stage0 -->|"/src/hello<br/>/src/#34;#60;b#62;"| stage2
  stage1["base<br/>scratch"]
  stage2["final<br/>stage base"]
  stage1 ==> stage2
  classDef target stroke-width:3px
  class stage2 target
  classDef cached stroke-dasharray:4
  class stage0 cached
`)
})

it('a plan is a graph for Graphviz', () => {
  expect(planDot(plan)).toBe(`digraph plan {
  node [shape=box];
  stage0 [label="compiler\\ndocker://debian:12", style="dashed"];
  stage0 -> stage2 [label="/src/hello\\n/src/\\"<b>"];
  stage1 [label="base\\nscratch"];
  stage2 [label="final\\nstage base", style="bold"];
  stage1 -> stage2 [style=bold];
}
`)
})

describe('names cannot break a picture', () => {
  const odd = fc.string({unit: 'binary'})
  const named = (name: string, path: string): Plan => ({
    ...plan,
    target: name,
    stages: [
      {
        name,
        index: 0,
        base: {kind: 'image', reference: path},
        needs: [],
        copies: [],
        artifacts: [{path, wantedBy: [name]}],
        cached: true,
      },
    ],
    order: [[name]],
  })
  it('of any kind', () => {
    fc.assert(
      fc.property(odd, odd, (name, path) => {
        expect(planMermaid(named(name, path)).split('\n')[1]).toMatch(
          /^ {2}stage0\["[^"<>;]*(#\d+;[^"<>;]*)*<br\/>([^"<>;]|#\d+;)*"\]$/,
        )
        expect(planDot(named(name, path)).split('\n')[2]).toMatch(/^ {2}stage0 \[label="([^"\\]|\\.)*", style="bold,dashed"\];$/)
        // One box of three lines, and four lines of the list.
        expect(planText(named(name, path), wide).split('\n')).toHaveLength(11)
      }),
    )
  })
})

it('Graphviz draws every name as it is', async () => {
  const hostile = [
    ...[
      'a"b',
      'back\\slash',
      '\\N \\G \\l',
      '&lt;b&gt; & &#65;',
      '<table><tr>',
      '{a|b}',
      'a\nb',
      '\u202eabc',
      'x]; evil [label=y',
      '编译器 %s',
    ],
    ...fc.sample(fc.string({unit: 'binary', minLength: 1}), {numRuns: 60, seed: 8}),
  ]
  const shape = hostile.map((name, i) => ({name, ...(i === 0 ? {} : {takes: {[hostile[0] ?? '']: [`/${name}`]}})}))
  const {stdout} = await execa('dot', ['-Tjson'], {input: planDot(planOf(shape))})
  const drawn: {
    objects: {name: string; _ldraw_: {op: string; text?: string}[]}[]
    edges: {_ldraw_: {op: string; text?: string}[]}[]
  } = JSON.parse(stdout)
  const texts = (ops: readonly {op: string; text?: string}[]) => ops.flatMap(({op, text = ''}) => (op === 'T' ? [text] : []))
  // What is written in a picture cannot be told from the spaces around it.
  expect(drawn.objects.map(each => texts(each._ldraw_)[0]?.trim())).toEqual(hostile.map(name => visible(name).trim()))
  expect(drawn.edges.map(each => texts(each._ldraw_)[0]?.trim()).sort()).toEqual(
    hostile
      .slice(1)
      .map(name => visible(`/${name}`).trim())
      .sort(),
  )
})

it('every report of plans is a text', async () => {
  for (const load of Object.values(planReports)) expect((await load())(plan, wide)).toMatch(/final[\s\S]*\n$/)
})
