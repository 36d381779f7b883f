/**
 * The same Dockerfile built by BuildKit and by `sifstage build` with Apptainer, step by step: same files, same
 * environment, same labels, same behaviour. The cases and BuildKit's recorded answers are those of the conversions, and
 * more of our own beside this file, for what only a build can do.
 */
import {chmodSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Case, everyday, layCase, readCases, wordsOf} from '../../support/cases.js'
import {bases, sifstage} from '../../support/engine.js'
import {makeBases} from '../to-def/bases.js'
import {baseFlags, cleanWorkshop, compareImage} from '../to-def/convert.js'
import {type Answer, caseDigest, caseFolder, recordedAnswer} from '../to-def/record.js'

const folder = mkdtempSync('/var/tmp/sifstage-build-cases-')
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

async function differences(each: Case, answer: Answer): Promise<readonly string[]> {
  const own = join(shop.work, each.name.replaceAll('/', '-'))
  mkdirSync(own)
  chmodSync(own, 0o777)
  layCase(each, own)
  const options = wordsOf(each.parts.get('options')).flatMap(line => line.split(' '))
  const image = join(own, 'image')
  const built = await sifstage(
    ['build', 'Dockerfile', '-o', `${image}/`, '--cache-dir', join(shop.work, 'store'), ...options, ...baseFlags(each, shop)],
    {cwd: join(own, 'context')},
  )
  if (answer.failed !== undefined) return built.code === 0 ? [`BuildKit refuses: ${answer.failed}`] : []
  if (built.code !== 0) return [`exit ${built.code}: ${built.stderr}`]
  return compareImage(image, each, answer, shop)
}

/** Cases in which a build of ours is another on purpose, or cannot be the same, and why. */
const others: Readonly<Record<string, {readonly rule?: string; readonly lines?: RegExp}>> = {
  // A wildcard that matches nothing in a stage is an error here (K86): it is how files get lost.
  'globs/stage-no-match': {rule: 'artifact-missing'},
  // The engine unpacks a base for one user, so that these belong to root from the start.
  'stages/debian-run': {lines: /^\/etc\/g?shadow-?: .* 0:0 .* 0:42 /},
  'users/run-as-name': {lines: /^\/etc\/g?shadow-?: .* 0:0 .* 0:42 /},
  // These archives hold the time at which the case was laid out.
  'add/tar': {lines: /^\/kept\/t\.tar: /},
  'add/tar-in-folder': {lines: /^\/x\/t\.tar: /},
  // Docker makes the base's folder when the container starts; an image of ours has no such moment.
  'start/base-workdir': {lines: /^run \[\]: exit 0 "\/\\n"/},
  // The shell that sets an image's variables knows no such names, or keeps them: said as env-name.
  'variables/env-held': {lines: /^variable (UID|EUID|GID|IFS|e|key|PROMPT_COMMAND)\b/},
  'combos/utf8': {lines: /^variable (NAMÉ|GRÖSSE): undefined/},
  // A size is not enforced, and df names the mount by another name.
  'mounts/tmpfs-shapes': {lines: /^\/(kind|size): /},
  // The base's way to start stays in an image without a shell: nothing is there that it could start.
  'stages/scratch-glob': {lines: /^run \[/},
  // Apptainer adds to and overrides these whenever an image starts.
  'variables/base-unset': {lines: /^variable LD_LIBRARY_PATH: /},
  'variables/override-runtime-names': {lines: /^variable (LD_LIBRARY_PATH|PWD): /},
}

const cases = everyday(readCases(caseFolder), 40)

describe('a Dockerfile built by BuildKit and by sifstage build', () => {
  it.each(cases)('$name', {timeout: 120_000}, async each => {
    const answer = recordedAnswer(each)
    expect(answer, 'BuildKit has not been asked: npm run test:full').toBeDefined()
    if (answer === undefined) return
    expect(answer.case, 'the case has changed since BuildKit was asked: npm run test:full').toBe(caseDigest(each))
    // A flag that the recorded front end is too old for.
    if (answer.failed?.includes('unknown flag') === true) return
    const other = others[each.name]
    const found = (await differences(each, answer)).filter(line => other?.lines?.test(line) !== true)
    if (other?.rule !== undefined) {
      expect(found.join('\n')).toContain(`[${other.rule}]`)
      return
    }
    if (found.length > 0) expect.fail(`${found.join('\n')}\n---- ${each.text}`)
  })
})
