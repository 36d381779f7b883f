/** Secrets: there while commands run, in every format, and nowhere afterwards. */
import {chmodSync, existsSync, mkdirSync, readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {asUser, bases, sifstage, user, workFolder} from '../support/engine.js'

const work = workFolder()
const out = join(work.path, 'work')
const store = join(out, 'store')
const temporary = join(out, 'tmp')
/** With characters that shells write in other ways. */
const value = `s3cret-"quoted" it's $HOME`
const busybox = ['--base', `busybox=${bases}/busybox/oci`]

mkdirSync(temporary)
chmodSync(temporary, 0o777)

afterAll(() => work.remove())

function build(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return sifstage(['build', ...args, ...busybox], {
    cwd: work.path,
    env: {SIFSTAGE_CACHE_DIR: store, SIFSTAGE_TMPDIR: temporary, TOKEN: value, ...env},
  })
}

/** Files below our folder that hold the value, read in the engine's namespace too. */
async function leaks(): Promise<string> {
  const found = await asUser(['unshare', '--map-root-user', '--map-auto', 'grep', '-r', '-l', '-a', '-F', 's3cret', out], '/')
  return found.stdout
}

async function inImage(image: string, ...argv: readonly string[]): Promise<string> {
  const ran = await asUser(['apptainer', 'exec', '--cleanenv', image, ...argv], '/')
  return ran.stdout + ran.stderr
}

describe('a secret', {timeout: 120_000}, () => {
  it('is a file for the commands of a Dockerfile that ask for it, with its owner and mode, and leaves nothing', async () => {
    work.write({
      Dockerfile: `FROM busybox
RUN --mount=type=secret,id=token stat -c '%a %u:%g' /run/secrets/token > /seen; wc -c < /run/secrets/token >> /seen; cat /run/secrets/token
RUN --mount=type=secret,id=token,target=/etc/token,mode=0440,uid=7,gid=8 stat -c '%a %u:%g' /etc/token >> /seen
RUN --mount=type=secret,id=token,env=TOKEN set -x; echo "$TOKEN"; [ "\${#TOKEN}" = ${value.length} ] && echo variable >> /seen
RUN --mount=type=secret,id=other ls /run/secrets >> /seen 2>&1; true
RUN ls -d /run /etc/token >> /seen 2>&1; true
`,
    })
    const image = join(out, 'a.sif')
    const ran = await build(['Dockerfile', '-o', image, '--secret', 'id=token,env=TOKEN', '--progress', 'json'])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout + ran.stderr).not.toContain('s3cret')
    expect(ran.stderr).toContain('***')
    expect((await inImage(image, 'cat', '/seen')).split('\n').slice(0, 4)).toEqual([
      '400 0:0',
      String(value.length),
      '440 7:8',
      'variable',
    ])
    expect(await inImage(image, 'cat', '/seen')).not.toContain('token\n')
    expect(await inImage(image, 'ls', '/')).not.toMatch(/^run$/m)
    expect(await leaks()).toBe('')
  })

  it('is a file for %post of a definition file, and leaves neither itself nor its folder', async () => {
    work.write({
      'x.def': `Bootstrap: docker
From: busybox
Stage: one
%post
  set -x
  token=$(cat /run/secrets/token)
  printf '%s' "$token" | wc -c > /length

Bootstrap: docker
From: busybox
%files from one
  /length /length
%post
  cat /run/secrets/token
`,
      token: value,
    })
    const image = join(out, 'b.sif')
    const ran = await build(['x.def', '-o', image, '--secret', `id=token,src=${join(work.path, 'token')}`])
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout + ran.stderr).not.toContain('s3cret')
    expect((await inImage(image, 'cat', '/length')).trim()).toContain(String(value.length))
    expect(await inImage(image, 'ls', '/')).not.toMatch(/^run$/m)
    expect(readFileSync(join(work.path, 'x.def'), 'utf8')).toContain(
      (await asUser(['apptainer', 'inspect', '-d', image], '/')).stdout.trim(),
    )
    expect(await leaks()).toBe('')
  })

  it('is not in a tree that a failed build keeps, nor in what it says', async () => {
    work.write({
      'fails.Dockerfile':
        'FROM busybox\nRUN --mount=type=secret,id=token echo "it is $(cat /run/secrets/token)"; ls /run/secrets; exit 3\n',
    })
    const ran = await build([
      'fails.Dockerfile',
      ...['-o', join(out, 'c.sif'), '--secret', 'id=token,env=TOKEN', '--on-failure', 'keep'],
    ])
    expect(ran.code).toBe(5)
    expect(ran.stderr).toContain('it is ***')
    expect(ran.stderr).not.toContain('s3cret')
    expect(await leaks()).toBe('')
    const kept = readdirSync(temporary).filter(name => name.startsWith('sifstage-kept-'))
    expect(kept).toHaveLength(1)
    await asUser(['unshare', '--map-root-user', '--map-auto', 'rm', '-rf', join(temporary, kept[0] ?? 'none')], '/')
  })

  it('does not show in a dry run, nor change a key', async () => {
    const dry = await build(['Dockerfile', '--dry-run', '--secret', 'id=token,env=TOKEN'])
    expect(dry.code, dry.stderr).toBe(0)
    expect(dry.stdout).not.toContain('s3cret')
    const again = await build(['Dockerfile', '--json', '-o', join(out, 'd.sif'), '--secret', 'id=token,env=TOKEN'], {
      TOKEN: 'another-value',
    })
    expect(JSON.parse(again.stdout).stages).toMatchObject([{status: 'cached'}])
  })

  it('that is required and missing is an error before anything is built, with what to type', async () => {
    work.write({'needs.Dockerfile': 'FROM busybox\nRUN echo x\nRUN --mount=type=secret,id=key,required cat /run/secrets/key\n'})
    const ran = await build(['needs.Dockerfile', '-o', join(out, 'e.sif')])
    expect(ran.code).toBe(1)
    expect(ran.stderr).toContain('needs.Dockerfile:3')
    expect(ran.stderr).toContain('--secret id=key,src=FILE')
    expect(ran.stderr).not.toContain('unpack the base')
    expect(existsSync(join(out, 'e.sif'))).toBe(false)
  })

  it.each([
    ['src=/etc/hostname', 'the id is missing'],
    ['id=a,src=/no/such/file', 'cannot be read'],
    ['id=a,env=NO_SUCH_VARIABLE', 'no variable NO_SUCH_VARIABLE'],
    ['id=a,kind=file', 'no key "kind"'],
    ['id=a/b,env=TOKEN', 'letters, digits'],
    ['a', 'not KEY=VALUE'],
  ])('given as %s is refused', async (given, said) => {
    const ran = await build(['Dockerfile', '-o', join(out, 'f.sif'), '--secret', given])
    expect(ran.code).toBe(2)
    expect(ran.stderr).toContain(said)
  })

  it('is gone when the build is killed', async () => {
    work.write({'slow.Dockerfile': 'FROM busybox\nRUN --mount=type=secret,id=token touch /started; sleep 60\n'})
    const {spawn} = await import('node:child_process')
    const {root} = await import('../support/engine.js')
    const child = spawn(
      join(root, 'bin/sifstage'),
      ['build', 'slow.Dockerfile', '-o', join(out, 'g.sif'), '--secret', 'id=token,env=TOKEN', ...busybox],
      {
        cwd: work.path,
        stdio: 'ignore',
        env: {
          ...process.env,
          ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}),
          SIFSTAGE_CACHE_DIR: store,
          SIFSTAGE_TMPDIR: temporary,
          TOKEN: value,
        },
      },
    )
    const wait = (milliseconds: number) => new Promise(done => setTimeout(done, milliseconds))
    for (let i = 0; i < 100 && (await leaks()) === ''; i += 1) await wait(200)
    expect(await leaks()).not.toBe('')
    child.kill('SIGKILL')
    for (let i = 0; i < 50 && (await leaks()) !== ''; i += 1) await wait(200)
    expect(await leaks()).toBe('')
  })
})
