/** The configuration of an image, against what BuildKit writes of the same Dockerfile. */
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {configurationOf, type RunConfig, readConfig} from '../../src/build/configuration.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {parseImageConfig} from '../../src/language/image-config.js'
import {chainOf} from '../../src/language/stages.js'
import {openImage} from '../../src/library/open-image.js'
import {normalizeReference} from '../../src/model/reference.js'
import {resolveTarget} from '../../src/plan/graph.js'
import {layoutConfig} from '../../src/system/base-config.js'
import {makeBases, testBases} from '../conformance/to-def/bases.js'
import {caseFolder, recordedAnswer} from '../conformance/to-def/record.js'
import {readCases, wordsOf} from '../support/cases.js'
import {bases} from '../support/engine.js'
import {openOptions} from '../support/images.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-configuration-'))
/** Base → its `config` as JSON text. */
const configs = new Map<string, string>()

beforeAll(async () => {
  makeBases(bases, folder)
  for (const {name} of testBases) configs.set(name, (await layoutConfig(join(folder, name))) ?? '')
})
afterAll(() => rmSync(folder, {recursive: true, force: true}))

/** What we make of a Dockerfile. */
function ours(text: string, flags: readonly string[] = []): RunConfig {
  const value = (flag: string) => flags.filter(each => each.startsWith(`${flag} `)).map(each => each.slice(flag.length + 1))
  const buildArgs = new Map(
    value('--build-arg').map(each => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)] as const),
  )
  const known = new Map(
    [...configs].map(([name, config]) => [normalizeReference(`docker://${name}`), parseImageConfig(config)] as const),
  )
  const {description, diagnostics} = readDockerfile('Dockerfile', text, {buildArgs, architecture: 'amd64', configs: known})
  if (description === undefined) throw new Error(JSON.stringify(diagnostics))
  const target = resolveTarget(description, value('--target')[0])
  if (target.kind === 'unknown') throw new Error('no such target')
  const chain = chainOf(description, target.stage)
  const base = chain[0]?.base
  const name = base?.kind === 'image' ? base.reference.name : undefined
  return configurationOf(chain, readConfig(name === undefined ? undefined : configs.get(name))).config
}

describe('recorded answers of BuildKit', () => {
  const cases = readCases(caseFolder).flatMap(each => {
    const answer = recordedAnswer(each)
    return answer === undefined || answer.failed !== undefined ? [] : [{each, answer}]
  })

  it('have the variables and labels that we write', () => {
    expect(cases.length).toBeGreaterThan(250)
    const different: unknown[] = []
    for (const {each, answer} of cases) {
      const {Env = [], Labels = {}} = ours(each.parts.get('Dockerfile') ?? '', wordsOf(each.parts.get('options')))
      const env = Object.fromEntries((Env as string[]).map(pair => pair.split(/=(.*)/s).slice(0, 2)))
      if (JSON.stringify(sorted(env)) !== JSON.stringify(sorted(answer.env))) different.push([each.name, env, answer.env])
      if (JSON.stringify(sorted(Labels)) !== JSON.stringify(sorted(answer.labels)))
        different.push([each.name, Labels, answer.labels])
    }
    expect(different).toEqual([])
  })
})

function sorted(value: object): unknown[] {
  return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
}

const dockerfiles: Readonly<Record<string, string>> = {
  everything: `FROM busybox
ENV P=8080 Q="a b"
EXPOSE $P 443/tcp 5000-5002/UDP 1.2.3.4:80:90
VOLUME ["/data", "/more data"]
STOPSIGNAL SIGINT
HEALTHCHECK --interval=1m30s --timeout=2.5s --start-period=0s --retries=3 CMD test -e /x
LABEL a=b "c d"="e f"
SHELL ["/bin/ash","-c"]
ONBUILD RUN echo hi
MAINTAINER me
WORKDIR /srv
WORKDIR $Q
USER 12:34
ENTRYPOINT echo "$P"
CMD exec true`,
  nothing: 'FROM busybox',
  scratch: 'FROM scratch\nCOPY Dockerfile /x',
  'scratch with a folder': 'FROM scratch\nWORKDIR y/z\nENV PATH=/own',
  'entrypoint of the base, own command': 'FROM base-entry\nCMD ["x"]',
  'own entrypoint drops the command of the base': 'FROM base-entry\nENTRYPOINT ["/bin/echo"]',
  'an empty command': 'FROM base-entry\nCMD []',
  'an empty entrypoint': 'FROM base-entry\nENTRYPOINT []',
  'labels over those of the base': 'FROM base-entry\nLABEL both=own',
  'a base without variables': 'FROM base-bare\nENV X=${PATH}',
  'odd variables of a base': 'FROM base-env\nENV MORE=$DOUBLE$BACK PLAIN= NEW="${EMPTY:-filled}"',
  'user and folder of a base': 'FROM base-user\nWORKDIR below',
  'shell of a base': 'FROM base-shell\nCMD echo hi',
  'a parent stage': `FROM busybox AS one
ENV A=1
LABEL a=1 b=1
EXPOSE 80
CMD ["one"]
HEALTHCHECK CMD ["true"]
ONBUILD LABEL fired=yes
FROM one AS two
ENV A=2 B=$A
LABEL b=2
EXPOSE 81
VOLUME /two
HEALTHCHECK NONE
ENTRYPOINT ["two"]`,
  'a command before the entrypoint': 'FROM busybox\nCMD ["c"]\nENTRYPOINT ["e"]',
}

describe("the configuration is BuildKit's", () => {
  it.concurrent.each(Object.entries(dockerfiles))('%s', async (name, text) => {
    const context = join(folder, `context-${name.replace(/\W/g, '-')}`)
    mkdirSync(context)
    writeFileSync(join(context, 'Dockerfile'), text)
    const file = join(context, 'image.oci.tar')
    const used = testBases.filter(base => text.includes(`FROM ${base.name}`))
    const named = used.flatMap(base => ['--build-context', `${base.name}=oci-layout://${join(folder, base.name)}`])
    const flags = ['--network', 'none', '--provenance=false', '--output', `type=oci,dest=${file}`]
    await execa('docker', ['buildx', 'build', ...flags, ...named, context], {stdin: 'ignore'})
    const image = await openImage(file, openOptions(folder))
    await image.close()
    expect(ours(text)).toEqual(JSON.parse(image.config ?? ''))
  })
})
