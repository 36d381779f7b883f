/** Programs that cannot run where they go: told right after their own stage, before the next one runs. */
import {chmodSync, existsSync, mkdirSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {asUser, registry, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const store = join(out, 'store')

interface Document {
  readonly status: string
  readonly stages: readonly {readonly name: string; readonly status: string}[]
  readonly diagnostics: readonly {
    readonly rule: string
    readonly severity: string
    readonly message: string
    readonly hint?: string
    readonly line: number
    readonly deferred?: boolean
  }[]
}

const compile = [
  'Bootstrap: docker',
  `From: ${registry}/gcc`,
  'Stage: compile',
  '%post',
  '    mkdir -p /out',
  "    echo 'int answer(void) { return 42; }' > /lib.c",
  "    printf 'int answer(void);\\nint main(void) { return answer() == 42 ? 0 : 1; }\\n' > /main.c",
  '    gcc -shared -fPIC -Wl,-soname,libanswer.so.1 -o /out/libanswer.so.1 /lib.c',
  '    gcc -o /out/answer /main.c /out/libanswer.so.1',
  '',
].join('\n')

/** A stage that takes the program, and more. */
function final(base: string, copies: string, rest = ''): string {
  return `${compile}\nBootstrap: docker\nFrom: ${registry}/${base}\nStage: final\n%files from compile\n    /out/answer /usr/bin/answer\n${copies}${rest}\n`
}

async function build(text: string): Promise<{code: number; document: Document; stderr: string}> {
  work.write({'fit.def': text})
  const ran = await sifstage(
    [
      'build',
      'fit.def',
      '--json',
      '-o',
      join(out, 'fit.sif'),
      '--cache-dir',
      store,
      '--no-https',
      '--mksquashfs-args',
      '-comp zstd -Xcompression-level 1',
    ],
    {
      cwd: work.path,
    },
  )
  return {code: ran.code, document: JSON.parse(ran.stdout), stderr: ran.stderr}
}

function statuses({stages}: Document): Record<string, string> {
  return Object.fromEntries(stages.map(each => [each.name, each.status]))
}

beforeAll(() => {
  mkdirSync(store)
  chmodSync(store, 0o777)
})
afterAll(() => work.remove())

describe('a program that needs what the next image does not have', () => {
  it('is refused before that stage runs, with where the library is', {timeout: 120_000}, async () => {
    const {code, document, stderr} = await build(final('debian', ''))
    expect(code, stderr).toBe(1)
    expect(statuses(document)).toEqual({compile: 'failed', final: 'not-run'})
    const [found] = document.diagnostics.filter(each => each.severity === 'error')
    expect(found).toMatchObject({rule: 'artifact-missing-library'})
    expect(found?.message).toContain('libanswer.so.1')
    expect(found?.hint).toContain('/out/libanswer.so.1')
    expect(existsSync(join(out, 'fit.sif'))).toBe(false)
  })

  it('is refused for an image with musl, and told so', {timeout: 120_000}, async () => {
    const {code, document} = await build(final('musl', '    /out/libanswer.so.1 /usr/lib/\n'))
    expect(code).toBe(1)
    expect(statuses(document)).toEqual({compile: 'failed', final: 'not-run'})
    const [found] = document.diagnostics.filter(each => each.severity === 'error')
    expect(found).toMatchObject({rule: 'artifact-missing-interpreter'})
    expect(found?.message).toMatch(/linked against glibc.*has musl/)
  })

  it('passes with its library, and runs', {timeout: 120_000}, async () => {
    const {code, stderr} = await build(final('debian', '    /out/libanswer.so.1 /usr/lib/\n'))
    expect(code, stderr).toBe(0)
    const ran = await asUser(['apptainer', 'exec', join(out, 'fit.sif'), 'answer'], '/')
    expect(ran.code, ran.stderr).toBe(0)
  })

  it('is only warned of where a step may bring it, and judged again in the end', {timeout: 180_000}, async () => {
    const brought = await build(
      final('debian', '    /out/libanswer.so.1 /opt/\n', '%post\n    cp /opt/libanswer.so.1 /usr/lib/x86_64-linux-gnu/\n'),
    )
    expect(brought.code, brought.stderr).toBe(0)
    expect(brought.document.diagnostics.filter(each => each.severity !== 'info')).toEqual([])

    const left = await build(final('debian', '    /out/libanswer.so.1 /opt/\n', '%post\n    cp /opt/libanswer.so.1 /srv/\n'))
    expect(left.code).toBe(1)
    expect(statuses(left.document)).toEqual({compile: 'failed', final: 'built'})
    const [found] = left.document.diagnostics.filter(each => each.severity === 'error')
    expect(found).toMatchObject({rule: 'artifact-missing-library'})
    expect(found?.message).toContain('/srv/libanswer.so.1')
    // Nothing is lost: the stages are in the store, and the next build ends sooner.
    const again = await build(final('debian', '    /out/libanswer.so.1 /opt/\n', '%post\n    cp /opt/libanswer.so.1 /srv/\n'))
    expect(again.code).toBe(1)
    expect(statuses(again.document)).toEqual({compile: 'failed', final: 'cached'})
  })

  it('is refused in the end where a step takes away what was right', {timeout: 120_000}, async () => {
    const good = '    /out/libanswer.so.1 /usr/lib/\n'
    const closed = await build(final('debian', good, '%post\n    chmod 700 /usr/bin/answer\n'))
    expect(closed.code).toBe(1)
    expect(statuses(closed.document)).toEqual({compile: 'failed', final: 'built'})
    expect(closed.document.diagnostics.filter(each => each.severity === 'error').map(each => each.rule)).toEqual([
      'artifact-unreadable',
    ])
    const removed = await build(final('debian', good, '%post\n    rm /usr/lib/libanswer.so.1\n'))
    expect(removed.document.diagnostics.filter(each => each.severity === 'error').map(each => each.rule)).toEqual([
      'artifact-missing-library',
    ])
  })

  it('is left to the machine where the input or a setting says so', {timeout: 120_000}, async () => {
    work.write({'sifstage.config.yaml': 'runtime-libraries: ["libanswer.so.*"]\n'})
    const {code, stderr} = await build(final('debian', ''))
    expect(code, stderr).toBe(0)
    work.write({'sifstage.config.yaml': '{}\n'})
  })

  it('is silenced by a comment', {timeout: 120_000}, async () => {
    const {code, stderr} = await build(
      final('debian', '').replace('    /out/answer', '    # sifstage: ignore artifact-missing-library\n    /out/answer'),
    )
    expect(code, stderr).toBe(0)
  })
})

describe('verify', () => {
  it('says of an image made by anything else what build would say', {timeout: 120_000}, async () => {
    work.write({'fit.def': final('debian', '')})
    work.write({'compile.def': compile.replace('Stage: compile\n', '')})
    const made = await asUser(['apptainer', 'build', '--no-https', join(out, 'compile.sif'), join(work.path, 'compile.def')], '/')
    expect(made.code, made.stderr).toBe(0)
    const flags = ['--stage', 'compile', join(out, 'compile.sif'), '--cache-dir', store, '--no-https']
    const ran = await sifstage(['verify', 'fit.def', ...flags, '--json'], {cwd: work.path})
    expect(ran.code, ran.stderr).toBe(1)
    const document: Document = JSON.parse(ran.stdout)
    expect(document.diagnostics.map(each => each.rule)).toContain('artifact-missing-library')
    work.write({'fit.def': final('debian', '    /out/libanswer.so.1 /usr/lib/\n')})
    const good = await sifstage(['verify', 'fit.def', ...flags], {cwd: work.path})
    expect(good.code, good.stderr).toBe(0)
    expect(good.stdout).toContain('✓ /out/answer')
  })
})
