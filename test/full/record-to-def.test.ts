/** Asks the real BuildKit anew for every case; its answers replace the recorded ones. */
import {mkdtempSync, rmSync} from 'node:fs'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {makeBases, pushBases} from '../conformance/to-def/bases.js'
import {askBuildkit, caseFolder, recordedAnswer, writeAnswer} from '../conformance/to-def/record.js'
import {readCases} from '../support/cases.js'
import {bases, registry} from '../support/engine.js'

const folder = mkdtempSync('/var/tmp/sifstage-record-')
/** `changed`: only cases whose text is another than when BuildKit was asked. */
const onlyChanged = process.env['SIFSTAGE_RECORD'] === 'changed'

beforeAll(async () => {
  makeBases(bases, folder)
  await pushBases(folder, registry)
})
afterAll(() => rmSync(folder, {recursive: true, force: true}))

describe('BuildKit answers', () => {
  it.each(readCases(caseFolder))('$name', {timeout: 120_000}, async each => {
    const before = recordedAnswer(each)
    const {caseDigest} = await import('../conformance/to-def/record.js')
    if (onlyChanged && before?.case === caseDigest(each)) return
    const answer = await askBuildkit(each)
    writeAnswer(each, answer)
    // A case that says so is one that BuildKit itself refuses.
    expect(answer.failed !== undefined, answer.failed).toBe(each.parts.has('fails'))
  })
})
