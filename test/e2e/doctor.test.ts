/** `doctor` on this machine as it is, and with real troubles: small disks, a user without ids, a file server that is gone. */
import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {root, user, workFolder} from '../support/engine.js'

interface Document {
  readonly version: 1
  readonly user: string
  readonly checks: readonly {
    readonly name: string
    readonly status: 'ok' | 'warning' | 'error'
    readonly text: string
    readonly why?: string
    readonly fix?: string
  }[]
}

const work = workFolder()
const disk = join(work.path, 'disk')
// No daemon, whatever runs here besides; and as people call it, not as a part of a test of oclif's.
const environment = {
  NO_COLOR: '1',
  NODE_ENV: 'production',
  DOCKER_HOST: `unix://${work.path}/nowhere.sock`,
  DOCKER_CONFIG: join(work.path, 'docker'),
  ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}),
}

beforeAll(() => {
  mkdirSync(disk)
})
afterAll(() => work.remove())

/** `doctor --json`, in a mount namespace where something was done before. */
async function doctor(before: string, env: Readonly<Record<string, string>> = {}, ...args: readonly string[]) {
  if (process.getuid?.() !== 0) expect.fail('the tests of mounts are made for root')
  const script = `disk=$1; shift; ${before === '' ? ':' : before} && exec "$@"`
  const program = [join(root, 'bin/sifstage'), 'doctor', '--json', ...args]
  const ran = await execa('unshare', ['--mount', 'sh', '-c', script, 'sh', disk, ...program], {
    cwd: work.path,
    env: {...environment, ...env},
    stdin: 'ignore',
    reject: false,
    timeout: 30_000,
  })
  const document: Document = JSON.parse(ran.stdout)
  const of = (name: string) => document.checks.filter(each => each.name === name)
  return {code: ran.exitCode, checks: document.checks, of, user: document.user, stderr: ran.stderr}
}

const small = (options: string) => `mount -t tmpfs -o ${options},mode=1777 tmpfs "$disk"`

describe('a machine where builds work', () => {
  it('is told by every look; what is not well has a reason, and nothing is left behind', async () => {
    const store = join(work.path, 'work/none/yet')
    const before = readdirSync(join(work.path, 'work'))
    const {code, checks, of, user: who} = await doctor('', {TMPDIR: join(work.path, 'work')}, '--cache-dir', store)
    expect(code, JSON.stringify(checks)).toBe(0)
    expect(who).toBe(user)
    const names = [...new Set(checks.map(each => each.name))]
    for (const name of ['runtime', 'engine', 'subordinate-ids', 'user-namespaces', 'fuse', 'scratch', 'store', 'clock', 'limits'])
      expect(names).toContain(name)
    for (const {status, text, why} of checks) {
      expect(text).toMatch(/\S/)
      expect(why !== undefined).toBe(status !== 'ok')
    }
    expect(of('engine')[0]).toMatchObject({status: 'ok', text: expect.stringMatching(/^apptainer \d\S* .* makes a \.sif/)})
    expect(of('subordinate-ids')).toMatchObject([
      {status: 'ok', text: `${user} has subordinate ids, and they can be mapped: owners in images are real`},
    ])
    expect(of('store')[0]).toMatchObject({
      status: 'ok',
      text: expect.stringContaining(`${store}, not made yet, in ${work.path}/work`),
    })
    expect(of('squashfs-tools')[0]?.text).toMatch(/^mksquashfs \d\S*, unsquashfs \d\S*; compress with .*gzip/)
    expect(readdirSync(join(work.path, 'work'))).toEqual(before)
    expect(existsSync(store)).toBe(false)
  })

  it('shows no passwords, names logins by their files only, and what engines do not get', async () => {
    const home = join(work.path, 'home')
    mkdirSync(join(home, '.apptainer'), {recursive: true})
    const login = join(home, '.apptainer/docker-config.json')
    writeFileSync(login, '{"auths":{"registry.example":{"auth":"bWU6c2VjcmV0"}}}')
    const ran = await execa(join(root, 'bin/sifstage'), ['doctor'], {
      cwd: work.path,
      env: {
        ...environment,
        HOME: home,
        https_proxy: 'http://me:s3cret@proxy.example:3128',
        APPTAINERENV_LD_PRELOAD: '/x\u001b[2J',
        SLURM_JOB_ID: '4711\u001b[2J',
        TMPDIR: join(work.path, 'work'),
      },
      reject: false,
    })
    expect(ran.exitCode, ran.stdout).toBe(0)
    expect(ran.stdout).toContain('https_proxy=http://***@proxy.example:3128')
    expect(ran.stdout).toContain(login)
    expect(ran.stdout).toMatch(
      /^! environment +not handed on to engines: APPTAINERENV_LD_PRELOAD\n.+\n +do: .*unset APPTAINERENV_LD_PRELOAD$/m,
    )
    expect(ran.stdout).toMatch(/^✓ slurm +job 4711/m)
    expect(ran.stdout).toMatch(/\nengines run as \w+: builds can work here(, with \d+ warnings?)?$/)
    for (const secret of ['s3cret', 'bWU6', '\u001b']) expect(ran.stdout).not.toContain(secret)
  })
})

describe('a folder that a build needs', () => {
  it('scratch that is mounted noexec is passed over, with a warning', async () => {
    const {code, of} = await doctor(small('noexec,size=300m'), {TMPDIR: disk})
    expect(code).toBe(0)
    expect(of('scratch')[0]).toMatchObject({status: 'warning', fix: expect.stringContaining('SIFSTAGE_TMPDIR=')})
    expect(of('scratch')[0]?.text).toMatch(new RegExp(`^/tmp is taken, .*: TMPDIR says ${disk}, which is mounted noexec`))
  })

  it('scratch in memory is a warning; a store without room ends it', async () => {
    const full = `${small('size=300m')} && mkdir "$disk/store" && mount -t tmpfs -o size=64k,mode=1777 tmpfs "$disk/store" && { head -c 90000 /dev/zero >"$disk/store/x" || :; } 2>/dev/null`
    const {code, of} = await doctor(full, {SIFSTAGE_TMPDIR: disk}, '--cache-dir', join(disk, 'store'))
    expect(of('scratch').map(each => each.status)).toEqual(['ok', 'warning'])
    expect(of('scratch')[1]?.text).toContain('is in memory')
    expect(of('store')).toMatchObject([{status: 'error', text: expect.stringContaining('No space left on device')}])
    expect(code).toBe(2)
  })

  it('scratch that is wanted and full is an error, as a build would say', async () => {
    const {code, of} = await doctor(small('size=1m'), {SIFSTAGE_TMPDIR: disk})
    expect(of('scratch')).toMatchObject([{status: 'error', text: `${disk} has only 1 MB left`}])
    expect(code).toBe(2)
  })

  it('on a file server that is gone is not waited for', async () => {
    const tree = join(work.path, 'tree')
    const mounted = join(work.path, 'mounted')
    mkdirSync(tree)
    mkdirSync(mounted)
    writeFileSync(join(tree, 'file'), '')
    await execa('mksquashfs', [tree, join(work.path, 'tree.sqfs'), '-quiet', '-no-progress'])
    const server = execa('squashfuse', ['-f', join(work.path, 'tree.sqfs'), mounted, '-o', 'allow_other'], {reject: false})
    try {
      for (let waited = 0; !existsSync(join(mounted, 'file')) && waited < 100; waited++) await sleep(50)
      expect(existsSync(join(mounted, 'file'))).toBe(true)
      server.kill('SIGSTOP')
      const began = Date.now()
      const {code, of} = await doctor('', {HOME: mounted})
      expect(Date.now() - began).toBeLessThan(15_000)
      expect(of('folders')[0]).toMatchObject({status: 'error', text: `${mounted} does not answer`})
      expect(of('engine')[0]?.text).toContain('does not answer')
      expect(code).toBe(2)
    } finally {
      server.kill('SIGCONT')
      await execa('umount', ['--lazy', mounted])
      await server
    }
  })
})

describe('engines', () => {
  it('none that is usable: exit code 4, and what to do', async () => {
    const hide =
      'for name in apptainer singularity docker podman buildah; do for file in $(command -v -a $name || :) /usr/local/bin/$name /usr/bin/$name; do if [ -e "$file" ]; then mount --bind /dev/null "$(readlink -f "$file")"; fi; done; done'
    const {code, of} = await doctor(hide)
    expect(of('engine')[0]).toMatchObject({
      status: 'error',
      text: `no engine can build here as ${user}`,
      fix: expect.stringMatching(/setup\.sh|apptainer/),
    })
    expect(code).toBe(4)
  })

  it('a user without subordinate ids, and one whose ids cannot be mapped', async () => {
    const lines = readFileSync('/etc/subuid', 'utf8')
    const other = join(work.path, 'subuid')
    writeFileSync(other, lines.replace(new RegExp(`^${user}:.*\n`, 'm'), ''))
    const bind = `mount --bind "$disk/../subuid" /etc/subuid`
    const without = await doctor(bind)
    expect(without.of('subordinate-ids')).toMatchObject([
      {status: 'warning', text: `${user} has no range in /etc/subuid`, fix: expect.stringContaining('usermod --add-subuids')},
    ])
    const plain =
      'cp /usr/bin/newuidmap "$disk/../plain" && chmod 755 "$disk/../plain" && mount --bind "$disk/../plain" /usr/bin/newuidmap'
    const broken = await doctor(plain)
    expect(broken.of('subordinate-ids')[0]).toMatchObject({
      status: 'error',
      fix: expect.stringContaining('chmod u+s /usr/bin/newuidmap'),
    })
    expect(broken.code).toBe(4)
  })
})
