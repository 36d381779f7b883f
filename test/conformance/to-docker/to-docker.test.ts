/**
 * The same definition file built by Apptainer and, converted, by BuildKit: same files, same environment, same labels,
 * same behaviour. BuildKit's answers are recorded beside the cases; `npm run test:full` makes them anew.
 */
import {chmodSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {everyday, readCases, wordsOf} from '../../support/cases.js'
import {bases} from '../../support/engine.js'
import {makeBases} from '../to-def/bases.js'
import {cleanWorkshop, compareCase} from './compare.js'
import {caseFolder, convertCase, digestOf} from './convert.js'
import {recordedAnswer} from './record.js'

const folder = mkdtempSync('/var/tmp/sifstage-to-docker-')
const shop = {bases: join(folder, 'bases'), work: join(folder, 'work')}

beforeAll(() => {
  chmodSync(folder, 0o755)
  for (const each of [shop.bases, shop.work]) mkdirSync(each)
  chmodSync(shop.work, 0o777)
  makeBases(bases, shop.bases)
})

afterAll(() => {
  cleanWorkshop(shop)
  rmSync(folder, {recursive: true, force: true})
})

describe('a definition built by Apptainer and its conversion built by BuildKit', () => {
  it.each(everyday(readCases(caseFolder), 8))('$name', {timeout: 120_000}, async each => {
    const place = join(shop.work, each.name.replaceAll('/', '-'))
    const converted = await convertCase(each, place)
    const refused = wordsOf(each.parts.get('refused'))
    if (converted.kind === 'refused') {
      expect(converted.rules, converted.messages).toEqual(refused)
      return
    }
    expect(refused, 'this case is no longer refused').toEqual([])
    expect(converted.rules, 'warnings').toEqual(wordsOf(each.parts.get('warned')))
    const answer = recordedAnswer(each)
    expect(answer?.case, 'BuildKit has not been asked about this text: npm run test:full').toBe(digestOf(each.text))
    expect(answer?.dockerfile, `BuildKit has built another Dockerfile: npm run test:full\n${converted.text}`).toBe(
      digestOf(converted.text),
    )
    if (answer === undefined) return
    const differences = await compareCase(each, answer, place, shop, converted.rules.includes('environment-at-start'))
    if (differences.length > 0) expect.fail(`${differences.join('\n')}\n---- ${each.text}\n---- converted to\n${converted.text}`)
  })
})
