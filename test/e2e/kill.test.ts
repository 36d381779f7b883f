/** Some of the moments of test/full/kill.test.ts. */
import {afterAll, beforeAll, expect, it} from 'vitest'
import {extent} from '../support/cases.js'
import {KillBench} from '../support/kill.js'
import {moments} from '../support/kill-moments.js'

const bench = new KillBench()
beforeAll(() => bench.prepare())
afterAll(() => bench.remove())

it.each(moments(extent === 'everyday' ? 3 : 12))('$verb $way, killed: $death, seed $seed', {timeout: 120_000}, async moment => {
  const {at, wrong} = await bench.run(moment)
  expect(wrong, `at ${at}`).toEqual([])
})
