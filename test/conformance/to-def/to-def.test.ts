/**
 * The same Dockerfile built by BuildKit and, converted, by Apptainer: same files, same environment, same labels, same
 * behaviour. BuildKit's answers are recorded beside the cases; `npm run test:full` makes them anew.
 */
import {chmodSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {everyday, readCases, wordsOf} from '../../support/cases.js'
import {bases} from '../../support/engine.js'
import {makeBases} from './bases.js'
import {cleanWorkshop, compareCase} from './convert.js'
import {caseDigest, caseFolder, recordedAnswer} from './record.js'

const folder = mkdtempSync('/var/tmp/sifstage-to-def-')
const shop = {bases: join(folder, 'bases'), work: join(folder, 'work')}
const cases = everyday(readCases(caseFolder), 14)

beforeAll(() => {
  chmodSync(folder, 0o755)
  for (const each of [shop.bases, shop.work]) mkdirSync(each)
  chmodSync(shop.work, 0o777)
  makeBases(bases, shop.bases)
})

/** Theme → what came of its cases. */
const tally = new Map<string, {equal: number; refused: number; different: number}>()

function count(name: string, kind: 'equal' | 'refused' | 'different'): void {
  const theme = name.split('/')[0] ?? ''
  const row = tally.get(theme) ?? {equal: 0, refused: 0, different: 0}
  row[kind] += 1
  tally.set(theme, row)
}

/** The table as the documentation has it. */
function table(): string {
  const rows = [...tally].sort(([a], [b]) => (a < b ? -1 : 1)).map(([theme, row]) => ({theme, ...row}))
  const sum = (key: 'equal' | 'refused' | 'different') => rows.reduce((total, row) => total + row[key], 0)
  const lines = [...rows, {theme: '**all**', equal: sum('equal'), refused: sum('refused'), different: sum('different')}].map(
    row => `| ${row.theme} | ${row.equal + row.refused + row.different} | ${row.equal} | ${row.refused} | ${row.different} |`,
  )
  return ['| theme | cases | equal | refused | different |', '|---|---|---|---|---|', ...lines].join('\n')
}

afterAll(() => {
  cleanWorkshop(shop)
  const all = [...tally.values()].reduce((total, row) => total + row.equal + row.refused + row.different, 0)
  if (all === cases.length) process.stdout.write(`\n${table()}\n`)
  rmSync(folder, {recursive: true, force: true})
})

describe('a Dockerfile built by BuildKit and its conversion built by Apptainer', () => {
  it.each(cases)('$name', {timeout: 120_000}, async each => {
    const answer = recordedAnswer(each)
    expect(answer, 'BuildKit has not been asked: npm run test:full').toBeDefined()
    if (answer === undefined) return
    expect(answer.case, 'the case has changed since BuildKit was asked: npm run test:full').toBe(caseDigest(each))
    const result = await compareCase(each, answer, shop)
    count(each.name, result.kind)
    const refused = wordsOf(each.parts.get('refused'))
    if (result.kind === 'different')
      expect.fail(`${result.differences.join('\n')}\n---- ${each.text}\n---- converted to\n${result.text}`)
    if (result.kind === 'refused') expect([...new Set(result.rules)], result.messages).toEqual(refused)
    else expect(refused, 'this case is no longer refused').toEqual([])
  })
})
