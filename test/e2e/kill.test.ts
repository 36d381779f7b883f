/** Twelve of the moments of test/full/kill.test.ts, each day. */
import {afterAll, beforeAll, expect, it} from 'vitest'
import {KillBench, moments} from '../support/kill.js'

const bench = new KillBench()
beforeAll(() => bench.prepare())
afterAll(() => bench.remove())

it.each(moments(12))('$verb, killed: $death, seed $seed', {timeout: 120_000}, async moment => {
  const {at, wrong} = await bench.run(moment)
  expect(wrong, `at ${at}`).toEqual([])
})
