/**
 * Killed at 200 random moments of building, step by step too, publishing, pulling and pruning: the store is whole, OUT is old or new, and the next
 * build is right. docs/kill-tests.md has the table; SIFSTAGE_RECORD=table writes it anew. SIFSTAGE_SEED begins elsewhere,
 * SIFSTAGE_KILLS says how many, SIFSTAGE_VERBS=pull,steps of which verbs.
 */
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, expect, it} from 'vitest'
import {root} from '../support/engine.js'
import {KillBench} from '../support/kill.js'
import {type Aftermath, chosenVerbs, killTable, moments} from '../support/kill-moments.js'

const bench = new KillBench()
const found: Aftermath[] = []
const count = Number(process.env['SIFSTAGE_KILLS'] ?? 200)
beforeAll(() => bench.prepare(chosenVerbs()))
afterAll(() => bench.remove())

it.each(moments(count, Number(process.env['SIFSTAGE_SEED'] ?? 1), chosenVerbs()))(
  '$verb $way, killed: $death, seed $seed',
  {timeout: 120_000},
  async moment => {
    const aftermath = await bench.run(moment)
    found.push(aftermath)
    expect(aftermath.wrong, `at ${aftermath.at}`).toEqual([])
  },
)

it('is told in a table', () => {
  expect(found).toHaveLength(count)
  const printed = killTable(found)
  process.stdout.write(`${printed}\n`)
  if (process.env['SIFSTAGE_RECORD'] === 'table') writeFileSync(join(root, 'docs/kill-tests.md'), printed)
})
