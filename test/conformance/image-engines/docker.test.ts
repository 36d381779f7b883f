/**
 * The same Dockerfile built as a whole by BuildKit, whose answers are recorded, and stage by stage by `sifstage build
 * --engine docker`: same files, same configuration, same behaviour.
 */
import {chmodSync, mkdirSync, mkdtempSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {type Case, everyday, layCase, readCases, wordsOf} from '../../support/cases.js'
import {bases, registry, sifstage} from '../../support/engine.js'
import {makeBases, pushBases, testBases} from '../to-def/bases.js'
import {type Answer, answerOf, caseDigest, caseFolder, recordedAnswer} from '../to-def/record.js'

const folder = mkdtempSync('/var/tmp/sifstage-docker-cases-')

beforeAll(async () => {
  chmodSync(folder, 0o755)
  mkdirSync(join(folder, 'bases'))
  makeBases(bases, join(folder, 'bases'))
  await pushBases(join(folder, 'bases'), registry)
}, 120_000)
afterAll(() => rmSync(folder, {recursive: true, force: true}))

/** Every base by the registry of the tests: the resolver has no mirror of Docker Hub. */
function baseFlags(each: Case): string[] {
  const text = `${each.parts.get('Dockerfile') ?? ''}\n${each.parts.get('options') ?? ''}`
  return testBases
    .filter(({name}) => new RegExp(`(FROM\\s+(--\\S+\\s+)?|from=|=)${name}(?![\\w-])`, 'i').test(text))
    .flatMap(({name}) => ['--base', `${name}=docker://${registry}/library/${name}`])
}

async function builtAnswer(each: Case): Promise<Answer> {
  const own = join(folder, each.name.replaceAll('/', '-'))
  mkdirSync(own)
  layCase(each, own)
  const options = wordsOf(each.parts.get('options')).flatMap(line => line.split(' '))
  const name = `sifstage-conformance/built:${caseDigest(each)}`
  const flags = ['--engine', 'docker', '--engine-arg=--network=none', '--cache-dir', join(folder, 'store'), '--no-https']
  const built = await sifstage(['build', 'Dockerfile', '-o', `docker-daemon:${name}`, ...flags, ...options, ...baseFlags(each)], {
    cwd: join(own, 'context'),
  })
  const nothing = {engine: '', case: caseDigest(each), files: {}, removed: [], env: {}, labels: {}, runs: []}
  if (built.code !== 0) return {...nothing, failed: `exit ${built.code}: ${built.stderr}`}
  try {
    return await answerOf(name, each)
  } finally {
    await execa('docker', ['image', 'rm', '-f', name], {reject: false, stdin: 'ignore'})
  }
}

/** Cases in which a build of ours is another on purpose, by what it says. */
const refused: Readonly<Record<string, string>> = {
  // A wildcard that matches nothing in a stage is an error here (K86): it is how files get lost.
  'globs/stage-no-match': '[artifact-missing]',
  'globs/stage-link-flag': '[artifact-missing]',
  'stages/glob-chown': '[artifact-missing]',
  'globs/through-links': '[artifact-same-place]',
  // What no line of a Dockerfile can say again (exit code 3).
  'copy/names-in-folders': 'A path has a line break',
  'shells/long-run': 'No line of a Dockerfile can hold the text',
  'start/long-command': 'No line of a Dockerfile can hold the text',
  'variables/env-same-line': 'has another value by now',
  'variables/long-value': 'build failed',
}

const cases = everyday(readCases(caseFolder), 40)

describe('a Dockerfile built by BuildKit, and stage by stage', () => {
  it.each(cases)('$name', {timeout: 120_000}, async each => {
    const answer = recordedAnswer(each)
    expect(answer, 'BuildKit has not been asked: npm run test:full').toBeDefined()
    if (answer === undefined || answer.failed?.includes('unknown flag') === true) return
    // A flag that the recorded front end is too old for: it was asked by other words.
    if (each.parts.has('equivalent')) return
    const built = await builtAnswer(each)
    const rule = refused[each.name]
    if (rule !== undefined) return expect(built.failed).toContain(rule)
    if (answer.failed !== undefined) return expect(built.failed, `BuildKit refuses: ${answer.failed}`).toBeDefined()
    expect(built.failed).toBeUndefined()
    expect({...built, engine: ''}).toEqual({...answer, engine: ''})
  })
})
