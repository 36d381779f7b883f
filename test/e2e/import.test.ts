/** `sifstage import` on what people have, and what it writes built with the real Apptainer. */
import {cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {Ajv2020} from 'ajv/dist/2020.js'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {extent} from '../support/cases.js'
import {asUser, bases, listImage, root, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const cwd = join(work.path, 'work')
const env = {SIFSTAGE_CACHE_DIR: join(cwd, 'store')}
const flags = ['--base', `gcc:12=${bases}/gcc/rootfs`, '--base', `alpine:3.20=${bases}/busybox/rootfs`]
const small = flags.slice(2)
const validate = new Ajv2020({strict: false}).compile(
  JSON.parse(readFileSync(join(root, 'test/contract/import.schema.json'), 'utf8')),
)

interface ImportDocument {
  readonly output: string | null
  readonly target: string | null
  readonly text?: string
  readonly stages: readonly {readonly name: string; readonly file: string; readonly from?: string}[]
  readonly diagnostics: readonly {
    readonly rule: string
    readonly message: string
    readonly hint?: string
    readonly file: string
  }[]
}

async function imported(...args: string[]): Promise<{readonly code: number; readonly stderr: string} & ImportDocument> {
  const ran = await sifstage(['import', ...args, '--json'], {cwd})
  const document: ImportDocument = JSON.parse(ran.stdout)
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
  return {code: ran.code, stderr: ran.stderr, ...document}
}

async function run(sif: string, ...args: string[]): Promise<string> {
  return (await asUser(['apptainer', 'run', join(cwd, sif), ...args], '/')).stdout
}

const rules = (document: ImportDocument) => document.diagnostics.map(each => each.rule)

beforeAll(() => {
  for (const name of ['chain', 'builder-pattern']) cpSync(join(root, 'examples', name), join(cwd, name), {recursive: true})
})
afterAll(() => work.remove())

describe('the builder pattern', () => {
  it('is built without the script between its Dockerfiles', {timeout: 180_000}, async () => {
    const output = 'builder-pattern/stages.yaml'
    const without = await imported('builder-pattern')
    expect(without.code).toBe(0)
    expect(without.diagnostics.find(each => each.rule === 'copied-by-hand')?.hint).toContain('--copy app-build:/src/app=app')

    const ran = await sifstage(['import', 'builder-pattern', '--copy', 'build:/src/app=app', '-o', output], {cwd})
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toBe(`${output}: 2 stages, target app\n`)
    // As it lies in the example.
    const example = readFileSync(join(root, 'examples', output), 'utf8')
    expect(readFileSync(join(cwd, output), 'utf8')).toBe(example)
    // What an earlier run of build.sh left on the host is not taken.
    writeFileSync(join(cwd, 'builder-pattern/app'), 'from the host\n')
    const checked = await sifstage(['check', output, '--json'], {cwd})
    expect(checked.code, checked.stdout).toBe(0)
    const built = await sifstage(['build', output, ...flags, '-o', 'app.sif', '--json'], {cwd, env})
    expect(built.code, built.stderr).toBe(0)
    expect(JSON.parse(built.stdout).stages[0].artifacts).toMatchObject([{path: '/src/app', status: 'ok', kind: 'file'}])
    expect(await run('app.sif')).toBe('Built by two Dockerfiles\n')
    // What comes from the host is root's.
    expect(JSON.parse((await listImage(join(cwd, 'app.sif'))).get('/usr/local/bin/app') ?? '')).toMatchObject({uid: 0, gid: 0})
  })
})

describe('a chain', () => {
  it('of the example is checked and planned', async () => {
    const document = await imported('chain', '-o', 'chain/stages.yaml')
    expect(document.code, document.stderr).toBe(0)
    expect(document.stages.map(({name, from}) => [name, from])).toEqual([
      ['environment', undefined],
      ['text', 'environment'],
      ['count', 'text'],
      ['greet', 'count'],
      ['frame', 'greet'],
      ['project', 'frame'],
      ['product', undefined],
    ])
    expect(document.target).toBe('product')
    const example = readFileSync(join(root, 'examples/chain/stages.yaml'), 'utf8')
    expect(readFileSync(join(cwd, 'chain/stages.yaml'), 'utf8')).toBe(example)
    const checked = await sifstage(['check', 'chain/stages.yaml', '--json'], {cwd})
    expect(JSON.parse(checked.stdout).summary).toMatchObject({error: 0, warning: 0})
    const planned = await sifstage(['plan', 'chain/stages.yaml', ...flags, '--json'], {cwd, env})
    expect(planned.code, planned.stderr).toBe(0)
    expect(JSON.parse(planned.stdout).order).toEqual([
      ['environment'],
      ['text'],
      ['count'],
      ['greet'],
      ['frame'],
      ['project'],
      ['product'],
    ])
  })

  // Seven stages, six of them with a compiler's whole tree.
  it.skipIf(extent === 'everyday')('of the example is built and runs', {timeout: 600_000}, async () => {
    await imported('chain', '-o', 'chain/stages.yaml')
    const built = await sifstage(['build', 'chain/stages.yaml', ...flags, '-o', 'product.sif'], {cwd, env})
    expect(built.code, built.stderr).toBe(0)
    expect(await run('product.sif', 'importer')).toBe('--\nHello IMPORTER, 8 letters\n--\n')
  })

  it('of small images: what each FROM leaves goes on, and a change in the middle builds what follows', {
    timeout: 240_000,
  }, async () => {
    work.write({
      'work/small/env/Dockerfile': 'FROM alpine:3.20\nENV PREFIX=/opt/small\nWORKDIR /build\nRUN mkdir -p "$PREFIX"\n',
      'work/small/Dockerfile.one': 'ARG BASE_IMAGE=p/env\nFROM $BASE_IMAGE\nCOPY one.txt .\nRUN cp one.txt "$PREFIX/"\n',
      'work/small/one.txt': 'one\n',
      'work/small/two.Dockerfile':
        'FROM 127.0.0.1:1/p/one:3\nRUN cat "$PREFIX/one.txt" > "$PREFIX/two.txt" && echo two >> "$PREFIX/two.txt"\n',
      'work/small/app/Dockerfile':
        'FROM alpine:3.20\nCOPY --from=p/two /opt/small/two.txt /two.txt\nENTRYPOINT ["cat", "/two.txt"]\n',
    })
    const document = await imported('small', '-o', 'small/stages.yaml')
    expect(document.code, document.stderr).toBe(0)
    const build = () => sifstage(['build', 'small/stages.yaml', ...small, '-o', 'small.sif', '--json'], {cwd, env})
    const first = await build()
    expect(first.code, first.stderr).toBe(0)
    expect(await run('small.sif')).toBe('one\ntwo\n')
    writeFileSync(join(cwd, 'small/one.txt'), 'first\n')
    const again = await build()
    expect(JSON.parse(again.stdout).stages.map((each: {name: string; status: string}) => [each.name, each.status])).toEqual([
      ['env', 'cached'],
      ['one', 'built'],
      ['two', 'built'],
      ['app', 'built'],
    ])
    expect(await run('small.sif')).toBe('first\ntwo\n')
  })

  it('of definition files: each stands on the stage that its localimage is', {timeout: 240_000}, async () => {
    work.write({
      'work/defs/ground.def':
        'Bootstrap: docker\nFrom: alpine:3.20\nStage: ground\n\n%post\n    echo ground > /ground\n%environment\n    export GROUND=yes\n%labels\n    layer ground\n',
      'work/defs/tools.def':
        'Bootstrap: localimage\nFrom: ./ground.sif\n\n%post\n    cat /ground > /tools\n    echo tools >> /tools\n',
      'work/defs/app.def':
        'Bootstrap: localimage\nFrom: images/tools.sif\nStage: build\n\n%post\n    mkdir /app\n    cp /tools /app/out\n\nBootstrap: localimage\nFrom: ground.sif\n\n%files from build\n    /app/out /app/out\n%runscript\n    cat /app/out; echo "GROUND=$GROUND"\n',
    })
    const document = await imported('defs', '-o', 'defs/stages.yaml')
    expect(document.code, document.stderr).toBe(0)
    expect(document.stages.map(each => each.name)).toEqual(['ground', 'tools', 'app'])
    const args = ['build', 'stages.yaml', ...small, '-o', '../defs.sif', '--json']
    const built = await sifstage(args, {cwd: join(cwd, 'defs'), env})
    expect(built.code, built.stderr).toBe(0)
    expect(await run('defs.sif')).toBe('ground\ntools\nGROUND=yes\n')
    const labels = (await asUser(['apptainer', 'inspect', '--labels', join(cwd, 'defs.sif')], '/')).stdout
    expect(labels).toContain('layer: ground')
    // In the person's words, not by the place where the parent's tree lay.
    expect(labels).toContain('deffile.from: ground.sif')
    const again = await sifstage(args, {cwd: join(cwd, 'defs'), env})
    expect(JSON.parse(again.stdout).stages.every((each: {status: string}) => each.status === 'cached')).toBe(true)
  })
})

describe('the output', () => {
  it('is standard output, and replaces only what import wrote', async () => {
    const printed = await sifstage(['import', 'chain'], {cwd})
    expect(printed.code, printed.stderr).toBe(0)
    expect(printed.stdout).toContain('    file: chain/environment/Dockerfile\n')
    work.write({'work/chain/own.yaml': 'sifstage: 1\nstages: {a: {from: scratch}}\n'})
    const refused = await imported('chain', '-o', 'chain/own.yaml')
    expect(refused.code).toBe(2)
    expect(readFileSync(join(cwd, 'chain/own.yaml'), 'utf8')).toContain('a: {from: scratch}')
    expect((await imported('chain', '-o', 'chain/own.yaml', '--force')).code).toBe(0)
    expect((await imported('chain', '-o', 'chain/own.yaml')).code).toBe(0)
    rmSync(join(cwd, 'chain/own.yaml'))
    expect((await imported('chain', '-o', 'chain')).code).toBe(2)
    expect((await imported('chain', '-o', 'nowhere/stages.yaml')).code).toBe(2)
  })

  it('flags may stand before folders', async () => {
    const ran = await imported('--copy', 'build:/src/app=app', '--tag', 'builder-pattern/Dockerfile=product', 'builder-pattern')
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stages.map(each => each.name)).toEqual(['app-build', 'product'])
    expect((await sifstage(['import', 'chain', '--no-such-flag'], {cwd})).code).toBe(2)
  })

  it('can only name what is below its folder', async () => {
    const ran = await imported('chain', '-o', 'builder-pattern/other.yaml')
    expect(ran.code).toBe(2)
    expect(ran.diagnostics[0]?.message).toContain('chain lies outside builder-pattern')
    expect(ran.diagnostics[0]?.hint).toBe('Write it there: -o chain/stages.yaml')
  })
})

describe('what is wrong', () => {
  it.each([
    ['a circle', {'a/Dockerfile': 'FROM p/b\n', 'b/Dockerfile': 'FROM p/a\n'}, [], 1, 'stage-cycle'],
    [
      'two makers',
      {'x/e/Dockerfile': 'FROM scratch\n', 'Dockerfile.e': 'FROM scratch\n', 'a/Dockerfile': 'FROM p/e\n'},
      [],
      2,
      'ambiguous-link',
    ],
    ['no Dockerfile', {'a/Dockerfile': 'Dear all,\nthis is a letter.\n'}, [], 2, 'syntax'],
    ['no definition file', {'a.def': '%post\n  true\n'}, [], 2, 'syntax'],
    [
      'a copy of nothing',
      {'a/Dockerfile': 'FROM scratch\n', 'b/Dockerfile': 'FROM scratch\n'},
      ['--copy', 'a:/x=x'],
      2,
      'copy-names-nothing',
    ],
    [
      'a copy by a pattern',
      {'a/Dockerfile': 'FROM scratch\n', 'b/Dockerfile': 'FROM scratch\nCOPY x.o x.* /\n'},
      ['--copy', 'a:/x.o=x.o'],
      1,
      'copy-by-pattern',
    ],
    ['no base', {'a/Dockerfile': 'ARG BASE_IMAGE\nFROM $BASE_IMAGE\n'}, [], 2, 'open-base'],
    ['a flag that is none', {'a/Dockerfile': 'FROM scratch\n'}, ['--copy', 'a:x'], 2, 'failed'],
    ['a tag of another file', {'a/Dockerfile': 'FROM scratch\n'}, ['--tag', 'b/Dockerfile=x'], 2, 'failed'],
    ['nothing there', {'a/readme': ''}, [], 2, 'failed'],
  ])('%s', async (name, files, args, code, rule) => {
    const folder = `wrong-${name.replaceAll(' ', '-')}`
    for (const [path, text] of Object.entries(files)) work.write({[`work/${folder}/${path}`]: text})
    const ran = await imported(folder, ...args, '-o', `${folder}/stages.yaml`)
    expect(ran.code, ran.stderr).toBe(code)
    expect(rules(ran)).toContain(rule)
    expect(ran.output).toBeNull()
    expect(existsSync(join(cwd, folder, 'stages.yaml'))).toBe(false)
  })

  it('a missing file, a link that leads out, one that leads nowhere, and bytes that are no text', async () => {
    work.write({'work/links/in/Dockerfile': 'FROM scratch\n', 'work/outside/Dockerfile': 'FROM scratch\n'})
    expect((await imported('links/none')).diagnostics[0]?.message).toBe('links/none cannot be read: it does not exist')
    symlinkSync(join(cwd, 'outside/Dockerfile'), join(cwd, 'links/in/out.Dockerfile'))
    const out = await imported('links', '-o', 'links/stages.yaml')
    expect(out.code).toBe(2)
    expect(out.diagnostics[0]?.message).toBe(
      'links/in/out.Dockerfile is a link that leads out of links, the folder of the description',
    )
    rmSync(join(cwd, 'links/in/out.Dockerfile'))
    // A folder that is a link is not gone into.
    symlinkSync(join(cwd, 'outside'), join(cwd, 'links/other'))
    symlinkSync('Dockerfile', join(cwd, 'links/in/Dockerfile.same'))
    const same = await imported('links', '-o', 'links/stages.yaml')
    expect(same.code, same.stderr).toBe(0)
    expect(same.stages.map(each => each.file)).toEqual(['in/Dockerfile', 'in/Dockerfile.same'])
    symlinkSync('nowhere', join(cwd, 'links/in/Dockerfile.gone'))
    expect((await imported('links', '-o', 'links/stages.yaml')).code).toBe(2)
    rmSync(join(cwd, 'links/in/Dockerfile.gone'))
    writeFileSync(join(cwd, 'links/in/Dockerfile.latin'), Buffer.from([0x46, 0x52, 0x4f, 0x4d, 0x20, 0xff]))
    expect((await imported('links', '-o', 'links/stages.yaml')).diagnostics[0]?.message).toContain('is not UTF-8 text')
  })
})
