import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {speaksUtf8} from '../../src/reports/charset.js'
import {arrowsOf} from '../../src/reports/plan-arrows.js'
import {type PictureOptions, planPicture} from '../../src/reports/plan-picture.js'
import {planText} from '../../src/reports/plan-text.js'
import {columnsOf} from '../../src/reports/visible.js'
import {anyShapes, planOf, type Shape} from './graphs.js'

const wide: PictureOptions = {width: 80, unicode: true, colour: false}

const shapes: Readonly<Record<string, readonly Shape[]>> = {
  alone: [{name: 'only', why: 'it was never built'}],
  chain: [
    {name: 'environment', cached: true},
    {name: 'boost', base: 'environment', cached: true},
    {name: 'project', base: 'boost', why: 'the file src/main.cpp of the context has changed, and so have 12 others of 4000'},
    {name: 'product', takes: {project: ['/usr/local/bin/project']}},
  ],
  diamond: [
    {name: 'base', cached: true},
    {name: 'left', base: 'base'},
    {name: 'right', base: 'base'},
    {name: 'final', base: 'base', takes: {left: ['/left'], right: ['/right']}},
  ],
  'three from one': [
    {name: 'tools'},
    {name: 'one', takes: {tools: ['/opt/tools/bin/one']}},
    {name: 'two', takes: {tools: ['/opt/tools/bin/two', '/a', '/b', '/c', '/d']}},
    {name: 'three', takes: {tools: ['/opt/tools/bin/three']}},
    {name: 'final', takes: {one: ['/1'], two: ['/2'], three: ['/3']}},
  ],
  'long paths': [
    {name: 'a-stage-with-a-name-that-no-terminal-of-forty-columns-can-hold'},
    {
      name: '编译器',
      takes: {'a-stage-with-a-name-that-no-terminal-of-forty-columns-can-hold': [`/opt/${'deep/'.repeat(40)}file`]},
    },
    {
      name: 'final',
      takes: {
        'a-stage-with-a-name-that-no-terminal-of-forty-columns-can-hold': [`/srv/${'x'.repeat(200)}`],
        编译器: ['/opt/程序/目录/很长的名字', '/b'],
      },
    },
  ],
  separate: [{name: 'one'}, {name: 'two'}, {name: 'three'}, {name: 'final', takes: {one: ['/1'], two: ['/2'], three: ['/3']}}],
}

describe.each(Object.entries(shapes))('%s', (name, shape) => {
  it.each([
    ['80 columns', wide],
    ['40 columns', {...wide, width: 40}],
    ['ASCII', {...wide, width: 60, unicode: false}],
  ] as const)('%s', async (look, options) => {
    const lines = planPicture(planOf(shape), options) ?? []
    for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(options.width)
    if (!options.unicode) expect(lines.join('')).toMatch(/^[\x20-\x7e]*$/)
    await expect(`${lines.join('\n')}\n`).toMatchFileSnapshot(`golden/${name} ${look}.txt`.replaceAll(' ', '-'))
  })
})

it('colours take no columns', () => {
  const plan = planOf(shapes['diamond'] ?? [])
  const coloured = planPicture(plan, {...wide, colour: true}) ?? []
  expect(coloured.join('\n')).toContain('\u001b[1m')
  expect(coloured.map(line => line.replace(/\u001b\[\d+m/g, ''))).toEqual(planPicture(plan, wide))
})

describe('where it does not fit', () => {
  const many = Array.from({length: 30}, (_, i) => `s${i}`)
  const plan = planOf(many.map((name, i) => ({name, takes: Object.fromEntries(many.slice(0, i).map(each => [each, ['/x']]))})))
  it('the plan in words is still there', () => {
    const text = planText(plan, {...wide, width: 40})
    expect(text).toContain('(40 columns are too few to draw it: --format dot and --format mermaid do)')
    expect(text).toContain('hands /x to s2')
  })
  it('and in a wider terminal it does', () => {
    expect(planText(plan, {...wide, width: 100})).toContain('▶')
  })
})

it.each([
  [{LANG: 'en_US.UTF-8'}, true],
  [{LANG: 'C.utf8'}, true],
  [{LANG: 'C'}, false],
  [{}, false],
  [{LANG: 'de_DE.UTF-8', LC_ALL: 'C'}, false],
  [{LANG: 'C', LC_CTYPE: 'C.UTF-8', LC_ALL: ''}, true],
])('characters beyond ASCII with %j: %s', (environment, expected) => {
  expect(speaksUtf8(environment)).toBe(expected)
})

type Side = 'up' | 'right' | 'down' | 'left'
const sides: Readonly<Record<Side, readonly [x: number, y: number, back: Side]>> = {
  up: [0, -1, 'down'],
  right: [1, 0, 'left'],
  down: [0, 1, 'up'],
  left: [-1, 0, 'right'],
}
/** By which sides a line leaves each piece, written down apart from the code that draws them. */
const pieces: Readonly<Record<string, readonly Side[]>> = Object.fromEntries(
  (
    [
      ['│║', ['up', 'down']],
      ['─═', ['left', 'right']],
      ['┌╭╔', ['right', 'down']],
      ['┐╮╗', ['left', 'down']],
      ['└╰╚', ['up', 'right']],
      ['┘╯╝', ['up', 'left']],
      ['├╠', ['up', 'right', 'down']],
      ['┬╥', ['left', 'right', 'down']],
      ['┼╬╫╪', ['up', 'right', 'down', 'left']],
      ['▼', ['up']],
      ['▶', ['left']],
    ] as const
  ).flatMap(([all, open]) => [...all].map(piece => [piece, open])),
)

/** Reads a picture as a person does: which boxes there are, and where each line that leaves one ends. */
function read(lines: readonly string[]) {
  const grid = lines.map(line => [...line])
  const at = (x: number, y: number) => grid[y]?.[x] ?? ' '
  const boxes: {name: string; left: number; top: number; bottom: number}[] = []
  for (const [top, row] of grid.entries()) {
    const left = row.indexOf('┌')
    if (left === -1) continue
    const bottom = grid.findIndex((other, y) => y > top && other[left] === '└')
    const name =
      grid[top + 1]
        ?.slice(left + 1)
        .join('')
        .split('│')[0]
        ?.trim()
        .split(' ')[0] ?? ''
    boxes.push({name, left, top, bottom})
  }
  const arrows: string[] = []
  const seen = new Set<string>()
  const follow = (x: number, y: number, towards: Side, from: string, kind: string): void => {
    const [dx, dy, back] = sides[towards]
    const [toX, toY] = [x + dx, y + dy]
    const piece = at(toX, toY)
    seen.add(`${toX} ${toY}`)
    expect(pieces[piece], `${from}: the line is broken at ${toX + 1}, ${toY + 1}`).toContain(back)
    if (piece === '▼' || piece === '▶') {
      const box = boxes.find(each =>
        piece === '▼' ? each.top === toY : each.top < toY && toY < each.bottom && each.left === toX + 1,
      )
      arrows.push(`${from} ${kind} ${box?.name}`)
      return
    }
    // Lines that cross go straight on; where three meet, one line goes two ways.
    const open = '┼╬╫╪'.includes(piece) ? [towards] : (pieces[piece] ?? []).filter(side => side !== back)
    for (const side of open) follow(toX, toY, side, from, kind)
  }
  for (const {name, left, bottom} of boxes)
    for (const [x, piece] of (grid[bottom] ?? []).entries())
      if (x > left && (piece === '┬' || piece === '╥')) follow(x, bottom, 'down', name, piece === '╥' ? 'base' : 'copy')
  const loose = grid.flatMap((row, y) =>
    row.flatMap((piece, x) => {
      const box = boxes.find(each => each.top <= y && y <= each.bottom && x >= each.left)
      return piece in pieces && box === undefined && !seen.has(`${x} ${y}`) ? [`${x} ${y}`] : []
    }),
  )
  return {boxes: boxes.map(each => each.name), arrows: arrows.sort(), loose}
}

it('of any graph every stage and every arrow is there exactly once, and no line is broken or too long', () => {
  fc.assert(
    fc.property(anyShapes(15), fc.integer({min: 40, max: 120}), (shape, width) => {
      const plan = planOf(shape)
      const lines = planPicture(plan, {...wide, width}) ?? expect.fail('it does not fit')
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(width)
      const picture = read(lines)
      expect(picture.boxes.toSorted()).toEqual(shape.map(each => each.name).sort())
      const expected = arrowsOf(plan.stages).map(({from, to, kind}) => `s${from} ${kind} s${to}`)
      expect(picture.arrows).toEqual(expected.sort())
      expect(expected).toHaveLength(
        shape.reduce((sum, {base, takes = {}}) => sum + (base === undefined ? 0 : 1) + Object.keys(takes).length, 0),
      )
      expect(picture.loose).toEqual([])
    }),
    {numRuns: 100},
  )
})
