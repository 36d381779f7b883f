/** Twelve of the moments of test/full/kill.test.ts, each day. */
import {afterAll, beforeAll, expect, it} from 'vitest'
import {KillBench} from '../support/kill.js'
import {moments} from '../support/kill-moments.js'

const bench = new KillBench()
beforeAll(() => bench.prepare())
afterAll(() => bench.remove())

it.each(moments(12))('$verb $way, killed: $death, seed $seed', {timeout: 120_000}, async moment => {
  const {at, wrong} = await bench.run(moment)
  expect(wrong, `at ${at}`).toEqual([])
})
