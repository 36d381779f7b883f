/** Asks the real BuildKit anew for every converted definition file; its answers replace the recorded ones. */
import {mkdtempSync, rmSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {makeBases, pushBases} from '../conformance/to-def/bases.js'
import {caseFolder, convertCase, digestOf} from '../conformance/to-docker/convert.js'
import {askBuildkit, recordedAnswer, writeAnswer} from '../conformance/to-docker/record.js'
import {readCases} from '../support/cases.js'
import {bases, registry} from '../support/engine.js'

const folder = mkdtempSync('/var/tmp/sifstage-record-')
/** `changed`: only cases whose text, or conversion, is another than when BuildKit was asked. */
const onlyChanged = process.env['SIFSTAGE_RECORD'] === 'changed'

beforeAll(async () => {
  makeBases(bases, folder)
  await pushBases(folder, registry)
})
afterAll(() => rmSync(folder, {recursive: true, force: true}))

describe('BuildKit answers', () => {
  it.each(readCases(caseFolder))('$name', {timeout: 120_000}, async each => {
    const before = recordedAnswer(each)
    if (onlyChanged && before?.case === digestOf(each.text)) {
      const place = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
      const converted = await convertCase(each, place)
      rmSync(place, {recursive: true, force: true})
      if (converted.kind === 'written' && digestOf(converted.text) === before.dockerfile) return
    }
    const answer = await askBuildkit(each)
    writeAnswer(each, answer)
    // A case that says so is one whose build has to fail.
    expect(answer?.failed !== undefined, answer?.failed).toBe(each.parts.has('fails'))
  })
})
