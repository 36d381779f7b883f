import fc from 'fast-check'
import {expect, it} from 'vitest'
import {layout, type Point} from '../../src/reports/html/layout.js'
import {spread} from '../../src/reports/html/spread.js'
import {arrowsOf} from '../../src/reports/plan-arrows.js'
import {anyShapes, planOf} from './graphs.js'

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
}

function box({x, y}: Point, width: number, height: number): Box {
  return {left: x - width / 2, right: x + width / 2, top: y - height / 2, bottom: y + height / 2}
}

function meet(a: Box, b: Box): boolean {
  const little = 0.01
  return a.left < b.right - little && b.left < a.right - little && a.top < b.bottom - little && b.top < a.bottom - little
}

it('of any graph nothing lies upon anything else, all goes down, and lines that pass go through no box', () => {
  fc.assert(
    fc.property(anyShapes(10), shape => {
      const arrows = arrowsOf(planOf(shape).stages)
      const widths = shape.map((_, i) => 100 + 20 * (i % 4))
      const labels = arrows.map((_, i) => 30 * (i % 5))
      const drawn = layout(arrows, {widths, height: 60, labels})
      const boxes = drawn.stages.map((middle, i) => box(middle, widths[i] ?? 0, 60))
      const signs = drawn.arrows.map(({label}, i) => box(label, labels[i] ?? 0, 18))
      const all = [...boxes, ...signs]
      for (const [i, one] of all.entries()) {
        expect(all.slice(i + 1).filter(other => meet(one, other))).toEqual([])
        expect(one.left).toBeGreaterThanOrEqual(0)
        expect(one.right).toBeLessThanOrEqual(drawn.width)
        expect(one.bottom).toBeLessThanOrEqual(drawn.height)
      }
      for (const [i, {points}] of drawn.arrows.entries()) {
        const {from, to} = arrows[i] ?? {from: 0, to: 0}
        const [first, last] = [points[0], points.at(-1)]
        expect(first?.y).toBeCloseTo(boxes[from]?.bottom ?? 0)
        expect(last?.y).toBeCloseTo(boxes[to]?.top ?? 0)
        expect(Math.abs((first?.x ?? 0) - (drawn.stages[from]?.x ?? 0))).toBeLessThan((widths[from] ?? 0) / 2)
        for (const [at, point] of points.entries()) {
          const next = points[at + 1]
          if (next === undefined) continue
          expect(next.y).toBeGreaterThan(point.y)
          // Where a line is in the row of a box it is straight: no box is between its two points.
          const way = {left: Math.min(point.x, next.x) - 1, right: Math.max(point.x, next.x) + 1, top: point.y, bottom: next.y}
          if (boxes.some(each => each.top < way.bottom && way.top < each.bottom))
            expect(boxes.filter(each => meet(each, way))).toEqual([])
        }
      }
    }),
    {numRuns: 60},
  )
})

it('neighbours are spread as little as need be', () => {
  expect(spread([0, 0, 0], [0, 10, 10])).toEqual([-10, 0, 10])
  expect(spread([5, 50, 51], [0, 10, 10])).toEqual([5, 45.5, 55.5])
  expect(spread([], [])).toEqual([])
  fc.assert(
    fc.property(fc.array(fc.record({wish: fc.integer({min: -99, max: 99}), gap: fc.integer({min: 0, max: 50})})), row => {
      const places = spread(
        row.map(each => each.wish),
        row.map(each => each.gap),
      )
      for (const [i, {gap}] of row.entries())
        if (i > 0) expect((places[i] ?? 0) - (places[i - 1] ?? 0)).toBeGreaterThanOrEqual(gap - 1e-6)
    }),
  )
})
