/** Every example of `--help` and of the README's table, run as it stands in a copy of the project's examples: a shell, a real engine, a registry. */
import {chmodSync, cpSync, mkdirSync, readFileSync, rmSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {extent} from '../support/cases.js'
import {bases, registry as host, root, user, workFolder} from '../support/engine.js'
import {type OwnRegistry, ownRegistry} from '../support/own-registry.js'

interface Example {
  readonly description?: string
  readonly command: string
}
const {commands}: {commands: Readonly<Record<string, {id: string; hidden?: boolean; examples?: readonly Example[]}>>} =
  JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))
const ofHelp = Object.values(commands)
  .filter(each => each.hidden !== true)
  .flatMap(({examples = []}) => examples.map(each => each.command.replace('<%= config.bin %>', 'sifstage')))
/** Those of the table of commands. */
const ofReadme = readFileSync(join(root, 'README.md'), 'utf8')
  .split('\n')
  .filter(line => line.startsWith('|'))
  .flatMap(line => [...line.matchAll(/`(sifstage [^`]*)`/g)].map(match => match[1] ?? ''))
const examples = [...new Set([...ofHelp, ...ofReadme])].map(line => ({line}))

const work = workFolder()
const project = join(work.path, 'work')
const home = join(work.path, 'home')
let registry: OwnRegistry
let environment: Record<string, string>

/** The daemon of the tests has no network for containers, and so no default one: the one thing that is added to a line. */
function withoutNetwork(line: string): string {
  return /^sifstage build .*docker/.test(line) ? `${line} --engine-arg=docker:--network=none` : line
}

async function shell(line: string) {
  return execa('sh', ['-c', withoutNetwork(line)], {cwd: project, env: environment, stdin: 'ignore', reject: false})
}

/** A large image is made in a moment. */
const uncompressed = '--mksquashfs-args "-noI -noD -noF -noX"'

/** What an example needs to be there. */
const before: Readonly<Record<string, readonly string[]>> = {
  'sifstage build examples/lab3/lab3.def --context examples/lab3 --base docker://gcc:12=./gcc.sif': [
    'printf "Bootstrap: localimage\\nFrom: %s\\n" "$BASES/gcc/rootfs" > gcc.def',
    `sifstage build gcc.def -o gcc.sif ${uncompressed}`,
  ],
  'sifstage verify examples/lab3/lab3.def --context examples/lab3 --stage compiler compiler.sif': [
    `sifstage build examples/lab3/lab3.def --context examples/lab3 --target compiler -o compiler.sif ${uncompressed}`,
  ],
  'sifstage verify examples/helloworld/Dockerfile --stage compile-image docker-daemon:helloworld-compile': [
    'sifstage build examples/helloworld/Dockerfile --target compile-image -o docker-daemon:helloworld-compile',
  ],
  'sifstage verify examples/helloworld/Dockerfile --stage compile-image docker://localhost:5000/helloworld/compile:1.2': [
    'sifstage build examples/helloworld/Dockerfile --target compile-image --engine docker -o compile.oci.tar',
    'skopeo copy --quiet --dest-tls-verify=false oci-archive:compile.oci.tar docker://localhost:5000/helloworld/compile:1.2',
  ],
  'sifstage report helloworld.sif --against-host': ['sifstage build examples/helloworld/Dockerfile -o helloworld.sif'],
  'sifstage report lab3.sif': ['sifstage build examples/lab3/lab3.def --context examples/lab3 -o lab3.sif'],
  'sifstage lock examples/lab3/lab3.def --check': ['sifstage lock examples/lab3/lab3.def'],
  'sifstage cache prune --all': ['sifstage build examples/helloworld/Dockerfile'],
}

/** Those that build something: every day they are left to the matrix, and other tests build. */
const builds = (line: string) => line in before || (/^sifstage (build|shell) /.test(line) && !line.includes('--dry-run'))
const chosen = extent === 'everyday' ? examples.filter(({line}) => !builds(line)) : examples

beforeAll(async () => {
  registry = await ownRegistry(5000)
  await registry.start()
  cpSync(join(root, 'examples'), join(project, 'examples'), {recursive: true})
  for (const folder of [home, join(work.path, 'bin')]) mkdirSync(folder)
  chmodSync(home, 0o777)
  symlinkSync(join(root, 'bin/sifstage'), join(work.path, 'bin/sifstage'))
  work.write({
    'work/sifstage.config.yaml': [
      'bases:',
      ...Object.entries({'gcc:12': 'gcc', 'alpine:3.20': 'busybox', 'alpine:latest': 'busybox', 'debian:12-slim': 'debian'}).map(
        ([name, base]) => `  ${name}: docker://${host}/${base}`,
      ),
      '',
    ].join('\n'),
  })
  environment = {
    ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}),
    PATH: `${join(work.path, 'bin')}:${process.env['PATH']}`,
    BASES: bases,
    HOME: home,
    XDG_CONFIG_HOME: join(home, 'config'),
    SIFSTAGE_CACHE_DIR: join(project, 'store'),
    NO_COLOR: '1',
  }
})
afterAll(async () => {
  await registry.remove()
  rmSync(home, {recursive: true, force: true})
  await work.remove()
})

describe('an example of --help', () => {
  it.each(chosen.map(({line}) => [line] as const))('%s', {timeout: 120_000}, async line => {
    for (const each of before[line] ?? []) {
      const ready = await shell(each)
      expect(ready.exitCode, `${each}\n${ready.stderr}`).toBe(0)
    }
    const ran = await shell(line)
    expect(ran.exitCode, `${ran.stdout}\n${ran.stderr}`).toBe(0)
    expect(ran.stderr).not.toContain('This is a bug')
  })

  it('that needs something is still one of them', () => {
    const lines = examples.map(each => each.line)
    for (const line of Object.keys(before)) expect(lines).toContain(line)
  })
})
