/** The package as another project uses it: the examples of docs/library.md, type-checked and run with the real engine. */
import {chmodSync, cpSync, mkdirSync, readFileSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {bases, root, user, workFolder} from '../support/engine.js'

const work = workFolder()
const page = readFileSync(join(root, 'docs/library.md'), 'utf8')
const examples = [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(match => match[1] ?? '')

async function node(args: readonly string[]) {
  return execa(process.execPath, args, {cwd: work.path, reject: false})
}

beforeAll(() => {
  mkdirSync(join(work.path, 'node_modules/@types'), {recursive: true})
  symlinkSync(root, join(work.path, 'node_modules/sifstage'))
  symlinkSync(join(root, 'node_modules/@types/node'), join(work.path, 'node_modules/@types/node'))
  cpSync(join(root, 'examples/lab3'), work.path, {recursive: true})
  mkdirSync(join(work.path, 'store'))
  chmodSync(join(work.path, 'store'), 0o777)
  work.write({
    'package.json': '{"type": "module"}',
    'sifstage.config.yaml': [
      ...(user === undefined ? [] : [`run-as: ${user}`]),
      'bases:',
      `  gcc:12: ${bases}/gcc/rootfs`,
      `  alpine:3.20: ${bases}/busybox/rootfs`,
      '',
    ].join('\n'),
    'tsconfig.json': JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2023',
        lib: ['es2023'],
        types: ['node'],
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: false,
      },
      include: ['*.ts'],
    }),
    'library.ts': examples[0] ?? '',
    'deffile.ts': examples[1] ?? '',
    'wrong.ts': "import {build} from 'sifstage'\nawait build('lab3.def', {noCach: true})\n",
  })
})
afterAll(() => work.remove())

describe('the package', () => {
  it('has types that hold the examples of the documentation, and a misspelt option', async () => {
    const checked = await node([join(root, 'node_modules/typescript/bin/tsc'), '-p', '.', '--pretty', 'false'])
    const errors = checked.stdout.split('\n').filter(line => /^\S+\.ts\(/.test(line))
    expect(errors, checked.stdout).toHaveLength(1)
    expect(errors[0]).toMatch(/^wrong\.ts\(2,.*noCach/)
  })

  it('reads, checks, plans and builds', {timeout: 60_000}, async () => {
    const ran = await node(['library.ts'])
    expect(ran.exitCode, ran.stderr).toBe(0)
    expect(ran.stderr).toBe('')
    const lines = ran.stdout.split('\n')
    expect(lines[0]).toBe('compiler, final')
    expect(lines).toContain('compiler has to run')
    expect(lines).toContain('compiler hands on /root/hello')
    expect(lines.at(-1)).toMatch(/^ok \d{6,}$/)
  })

  it('reads and checks a definition file alone, without touching anything', async () => {
    const ran = await node(['--permission', `--allow-fs-read=${root}/*`, `--allow-fs-read=${work.path}/*`, 'deffile.ts'])
    expect(ran.exitCode, ran.stderr).toBe(0)
    expect(ran.stdout).toMatch(/^build 1 1\n/)
    expect(ran.stdout).toMatch(/tool\.def:10:3 artifact-under-tmp: /)
    expect(ran.stdout).toContain('\n\n%files from build\n    /tmp/tool /usr/bin/tool\n')
  })

  it('has the schema of YAML descriptions for editors', () => {
    const schema = JSON.parse(readFileSync(join(root, 'schema.json'), 'utf8'))
    expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema')
    expect(Object.keys(schema.properties)).toContain('stages')
  })
})
