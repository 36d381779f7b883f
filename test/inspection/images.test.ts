/** What topics find in images: trees made for the purpose, with programs that gcc makes. readelf says what is in those. */
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {Listing} from '../../src/images/listing.js'
import {compareWithHost, type Host} from '../../src/inspection/host.js'
import {inspectImage} from '../../src/inspection/inspect.js'
import {readMarks} from '../../src/inspection/marks.js'
import type {Inspected} from '../../src/inspection/topics.js'
import type {Image, ImageEntry} from '../../src/model/image.js'
import type {Report} from '../../src/model/report.js'
import {reportMarkdown} from '../../src/reports/report-markdown.js'
import {reportText} from '../../src/reports/report-text.js'
import {workFolder} from '../support/engine.js'

type Made = Partial<Omit<ImageEntry, 'path'>> & {readonly content?: string | Buffer}

/** An image of entries; what is read of it is written down. */
function made(entries: Readonly<Record<string, Made>>, about: Partial<Image> = {}): Image & {readonly read: string[]} {
  const read: string[] = []
  const contents = new Map<string, Buffer>()
  const list = Object.entries(entries).map(([path, {content, ...rest}]): ImageEntry => {
    const bytes = Buffer.from(content ?? '')
    contents.set(path, bytes)
    return {path, kind: 'file', mode: 0o644, uid: 0, gid: 0, size: bytes.length, ...rest}
  })
  return {
    tree: new Listing(list),
    async contents(paths, visit) {
      for (const path of paths) {
        read.push(path)
        const bytes = contents.get(path) ?? Buffer.alloc(0)
        await visit(
          path,
          (async function* () {
            for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000)
          })(),
        )
      }
    },
    close: async () => {},
    read,
    ...about,
  }
}

const signal = new AbortController().signal
const inspect = (image: Image, artifacts: ReadonlySet<string> = new Set()): Promise<Inspected> =>
  inspectImage(image, {artifacts, signal})

const work = workFolder()
const folder = join(work.path, 'made')

/** A program or library of gcc's, as bytes. */
async function compiled(name: string, source: string, ...flags: readonly string[]): Promise<Buffer> {
  writeFileSync(join(folder, `${name}.c`), source)
  await execa('gcc', ['-O1', '-o', name, `${name}.c`, ...flags], {cwd: folder})
  return readFileSync(join(folder, name))
}

const library = (soname: string) => ['-shared', '-fPIC', `-Wl,-soname,${soname}`]

/** All that readelf says of a file. */
async function readelf(file: string): Promise<string> {
  return (await execa('readelf', ['-W', '-n', '-V', '-d', file], {env: {LC_ALL: 'C'}})).stdout
}

beforeAll(() => {
  mkdirSync(folder)
})
afterAll(() => work.remove())

describe('sizes', () => {
  it('count a file with several names once; folders that mostly hold folders make way', async () => {
    const image = made({
      '/usr/lib/a/one': {content: 'x'.repeat(500)},
      '/usr/lib/b/two': {content: 'x'.repeat(400)},
      '/usr/lib/b/again': {size: 400, sameAs: '/usr/lib/b/two'},
      '/usr/bin/tool': {content: 'x'.repeat(50)},
      '/opt/app': {content: 'x'.repeat(30)},
      '/top': {content: 'x'.repeat(7)},
      '/link': {kind: 'symlink', link: 'top', size: 0},
      '/empty': {kind: 'directory'},
    })
    const {findings} = await inspect(image)
    expect(findings.sizes).toEqual({
      bytes: 987,
      files: 5,
      // /usr, /usr/lib, its two, /usr/bin, /opt, /empty
      directories: 7,
      symlinks: 1,
      hardLinksOnce: true,
      folders: [
        {path: '/usr/lib/a', bytes: 500, files: 1},
        {path: '/usr/lib/b', bytes: 400, files: 1},
        {path: '/usr/bin', bytes: 50, files: 1},
        {path: '/opt', bytes: 30, files: 1},
      ],
    })
    expect(image.read).toEqual([])
  })
})

describe('rights', () => {
  it('by modes and attributes', async () => {
    const {findings} = await inspect(
      made({
        '/bin/su': {mode: 0o4755},
        '/bin/wall': {mode: 0o2755},
        '/bin/both': {mode: 0o6755},
        '/bin/ping': {mode: 0o755, capabilities: '0100000200200000000000000000000000000000'},
        '/srv/open': {mode: 0o666},
        '/srv/dir': {kind: 'directory', mode: 0o777},
        '/tmp': {kind: 'directory', mode: 0o1777},
        '/srv/team': {kind: 'directory', mode: 0o2775},
        '/srv/link': {kind: 'symlink', mode: 0o777, link: 'open'},
      }),
    )
    expect(findings.privileges).toEqual({
      setuid: {count: 2, list: ['/bin/both', '/bin/su']},
      setgid: {count: 2, list: ['/bin/both', '/bin/wall']},
      capabilities: {count: 1, list: [{path: '/bin/ping', names: ['cap_net_raw'], effective: true}]},
      worldWritable: {count: 2, list: ['/srv/dir', '/srv/open']},
    })
  })

  it('of a form that does not tell attributes are not said to be none', async () => {
    const {findings, sections} = await inspect(made({'/bin/ping': {mode: 0o755}}, {untold: ['capabilities', 'sameAs']}))
    expect(findings.privileges.capabilities).toBeUndefined()
    expect(findings.sizes.hardLinksOnce).toBe(false)
    expect(sections.find(each => each.title === 'rights')?.rows).toContainEqual([
      'capabilities',
      '?',
      'this form of image does not tell',
    ])
  })
})

describe('tools and leftovers', () => {
  it('are told by names in folders of programs', async () => {
    const x = {mode: 0o755}
    const {findings} = await inspect(
      made({
        '/usr/bin/dash': x,
        '/usr/bin/sh': {kind: 'symlink', link: 'dash'},
        '/usr/bin/x86_64-linux-gnu-gcc-12': x,
        '/usr/bin/gcc-ranlib': x,
        '/usr/bin/apt-get': x,
        '/usr/bin/python3': x,
        '/usr/local/cuda-12.2/bin/nvcc': x,
        // No program, gone, or elsewhere.
        '/usr/bin/make': {mode: 0o644},
        '/usr/bin/cc': {kind: 'symlink', link: 'gcc'},
        '/srv/gcc': x,
      }),
    )
    const names = Object.fromEntries(Object.entries(findings.tools).map(([kind, list]) => [kind, list.map(each => each.path)]))
    expect(names).toEqual({
      shells: ['/usr/bin/dash', '/usr/bin/sh'],
      compilers: ['/usr/bin/x86_64-linux-gnu-gcc-12', '/usr/local/cuda-12.2/bin/nvcc'],
      buildTools: ['/usr/bin/gcc-ranlib'],
      packageManagers: ['/usr/bin/apt-get'],
    })
  })

  it('bytes by what they are for, each file once', async () => {
    const {findings} = await inspect(
      made({
        '/var/lib/apt/lists/deb_x': {content: 'x'.repeat(100)},
        '/root/.cache/pip/a/__pycache__/b.pyc': {content: 'x'.repeat(40)},
        '/usr/lib/python3/__pycache__/c.pyc': {content: 'x'.repeat(30)},
        '/usr/lib/libz.a': {content: 'x'.repeat(20)},
        '/usr/include/z.h': {content: 'x'.repeat(10)},
        '/usr/bin/z': {content: 'x'.repeat(1000)},
      }),
    )
    expect(findings.leftovers).toEqual({
      bytes: 200,
      list: [
        {what: 'package lists', path: '/var/lib/apt/lists', bytes: 100, files: 1},
        {what: 'cache', path: '/root/.cache', bytes: 40, files: 1},
        {what: 'compiled Python', bytes: 30, files: 1},
        {what: 'static libraries', bytes: 20, files: 1},
        {what: 'headers', bytes: 10, files: 1},
      ],
    })
  })
})

describe('programs', () => {
  it('C libraries as readelf sees them', async () => {
    const program = await compiled(
      'hello',
      '#include <stdio.h>\n#include <math.h>\nint main(int n, char **v) { return printf("%f", pow(n, n)); }\n',
      '-lm',
    )
    const libc = (await execa('gcc', ['-print-file-name=libc.so.6'])).stdout
    const said = await readelf(libc)
    const gives = [...said.matchAll(/Name: GLIBC_([\d.]+)$/gm)].map(match => match[1] ?? '')
    const wants = [...(await readelf(join(folder, 'hello'))).matchAll(/Name: GLIBC_([\d.]+) /g)].map(match => match[1] ?? '')
    const newest = (list: readonly string[]) => list.toSorted((a, b) => a.localeCompare(b, 'en', {numeric: true})).at(-1)
    const image = made({
      '/usr/lib/x86_64-linux-gnu/libc.so.6': {content: readFileSync(libc)},
      '/opt/app/bin/hello': {content: program, mode: 0o755},
      '/opt/app/README': {content: 'x'.repeat(100)},
      '/usr/bin/other': {content: 'x'.repeat(100), mode: 0o755},
    })
    const {findings} = await inspect(image)
    expect(findings.libc.glibc).toEqual({
      path: '/usr/lib/x86_64-linux-gnu/libc.so.6',
      version: newest(gives),
      kernel: /OS: Linux, ABI: ([\d.]+)/.exec(said)?.[1],
    })
    expect(findings.libc.glibcWanted).toEqual({version: newest(wants), by: '/opt/app/bin/hello'})
    expect(findings.libc.programs).toEqual({looked: 1, all: 1})
    expect(findings.cpu.architecture).toBe('amd64')
    // Neither what the distribution packs nor what is no program was read.
    expect(new Set(image.read)).toEqual(new Set(['/usr/lib/x86_64-linux-gnu/libc.so.6', '/opt/app/bin/hello']))
  })

  it('an artifact counts wherever it lies', async () => {
    const program = await compiled('tool', 'int main(void) { return 0; }\n')
    const image = made({'/usr/bin/tool': {content: program, mode: 0o755, digest: 'sha256:1'}})
    expect((await inspect(image)).findings.libc.programs.all).toBe(0)
    expect((await inspect(image, new Set(['sha256:1']))).findings.libc.glibcWanted?.by).toBe('/usr/bin/tool')
  })

  it('a level of x86-64 that a program asks for, and folders for newer processors', async () => {
    const program = await compiled('level', 'int main(void) { return 0; }\n', '-Wl,-z,x86-64-v3')
    const {findings} = await inspect(
      made({
        '/opt/bin/level': {content: program, mode: 0o755},
        '/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v4/libm.so.6': {content: 'x'},
      }),
    )
    expect(findings.cpu.level).toEqual({name: 'x86-64-v3', by: '/opt/bin/level'})
    expect(findings.cpu.hwcaps).toEqual([{level: 'x86-64-v4', path: '/usr/lib/x86_64-linux-gnu/glibc-hwcaps/x86-64-v4'}])
  })

  it("Alpine's musl by its packages, another by its loader", async () => {
    const loader = Buffer.from(`${'y'.repeat(995)}\u00001.2.4\u0000rest`)
    const alone = await inspect(made({'/lib/ld-musl-x86_64.so.1': {content: loader, mode: 0o755}}))
    // The number lies across the end of a piece.
    expect(alone.findings.libc.musl).toEqual({path: '/lib/ld-musl-x86_64.so.1', version: '1.2.4'})
    const packed = await inspect(
      made({
        '/lib/ld-musl-x86_64.so.1': {content: loader, mode: 0o755},
        '/lib/apk/db/installed': {content: 'C:x\nP:busybox\nV:1.36\n\nC:y\nP:musl\nV:1.2.5-r0\n'},
      }),
    )
    expect(packed.findings.libc.musl?.version).toBe('1.2.5')
  })
})

describe('MPI', () => {
  const openMpi = 'const char mpi[] = "Open MPI v4.1.6, package: mine"; int MPI_Init(void) { return mpi[0]; }\n'

  it('Open MPI by its library; programs that want one from elsewhere', async () => {
    const lib = await compiled('libmpi.so.40.30.6', openMpi, ...library('libmpi.so.40'))
    const stub = await compiled('libmpi.so.12', 'int MPI_Finalize(void) { return 0; }\n', ...library('libmpi.so.12'))
    expect(stub.length).toBeGreaterThan(0)
    const program = await compiled('job', 'int MPI_Finalize(void); int main(void) { return MPI_Finalize(); }\n', './libmpi.so.12')
    const {findings} = await inspect(
      made({
        '/opt/ompi/lib/libmpi.so.40.30.6': {content: lib, mode: 0o755},
        '/opt/ompi/lib/libmpi.so.40': {kind: 'symlink', link: 'libmpi.so.40.30.6'},
        '/opt/ompi/lib/libopen-pal.so.40': {content: 'x'},
        '/opt/ompi/bin/mpirun': {content: '#!/bin/sh\n', mode: 0o755},
        '/opt/app/job': {content: program, mode: 0o755},
      }),
    )
    expect(findings.mpi).toEqual({
      installations: [
        {
          family: 'Open MPI',
          version: '4.1.6',
          soname: 'libmpi.so.40',
          library: '/opt/ompi/lib/libmpi.so.40.30.6',
          evidence: ['/opt/ompi/lib/libmpi.so.40.30.6'],
        },
      ],
      launchers: ['/opt/ompi/bin/mpirun'],
      programs: [{library: 'libmpi.so.12', count: 1, example: '/opt/app/job'}],
    })
  })

  it('two of them, each with the header that lies nearest', async () => {
    const mpich = await compiled(
      'libmpi.so.12.3',
      'const char v[] = "MPICH Version:\\t%s"; int f(void) { return v[0]; }\n',
      ...library('libmpi.so.12'),
    )
    // Open MPI 1.10 has MPICH's number: the library beside it decides.
    const old = await compiled(
      'libmpi.so.12.0',
      'const char v[] = "Open MPI v1.10.7"; int f(void) { return v[0]; }\n',
      ...library('libmpi.so.12'),
    )
    const {findings} = await inspect(
      made({
        '/opt/mpich/lib/libmpi.so.12.3': {content: mpich},
        '/opt/mpich/include/mpi.h': {content: '#define MPICH_VERSION "4.1.2"\n'},
        '/opt/other/mpich/include/mpi.h': {content: '#define MPICH_VERSION "3.3"\n'},
        '/opt/ompi/lib/libmpi.so.12.0': {content: old},
      }),
    )
    expect(findings.mpi.installations.map(({family, version, soname}) => ({family, version, soname}))).toEqual([
      {family: 'MPICH', version: '4.1.2', soname: 'libmpi.so.12'},
      {family: 'Open MPI', version: '1.10.7', soname: 'libmpi.so.12'},
    ])
  })

  it('headers alone', async () => {
    const {findings} = await inspect(made({'/usr/include/mpi.h': {content: '#define MVAPICH2_VERSION "2.3.7"\n'}}))
    expect(findings.mpi.installations).toEqual([{family: 'MVAPICH', version: '2.3.7', evidence: ['/usr/include/mpi.h']}])
  })
})

describe('CUDA and ROCm', () => {
  it('by toolkit, by runtime', async () => {
    const toolkit = await inspect(
      made({
        '/usr/local/cuda-12.2/version.json': {content: '{"cuda": {"name": "CUDA SDK", "version": "12.2.2"}}'},
        '/usr/local/cuda-12.2/lib64/libcudart.so.12.2.140': {content: 'x'},
        '/usr/local/cuda-12.2/lib64/libcudart.so.12': {kind: 'symlink', link: 'libcudart.so.12.2.140'},
        '/usr/local/cuda': {kind: 'symlink', link: 'cuda-12.2'},
        '/opt/rocm-6.0.2/.info/version': {content: '6.0.2-115\n'},
        '/opt/rocm-6.0.2/lib/libamdhip64.so.6.0.60002': {content: 'x'},
      }),
    )
    expect(toolkit.findings.cuda).toEqual({
      version: '12.2.2',
      runtimes: ['/usr/local/cuda-12.2/lib64/libcudart.so.12.2.140'],
      toolkits: [{path: '/usr/local/cuda-12.2/version.json', version: '12.2.2'}],
      driver: '525',
    })
    expect(toolkit.findings.rocm).toEqual({version: '6.0.2', runtimes: ['/opt/rocm-6.0.2/lib/libamdhip64.so.6.0.60002']})
    const wheel = await inspect(
      made({'/opt/venv/lib/python3.11/site-packages/nvidia/cuda_runtime/lib/libcudart.so.12': {content: 'x'}}),
    )
    expect(wheel.findings.cuda).toMatchObject({version: '12', driver: '525'})
  })
})

describe('how it runs', () => {
  it("from Apptainer's files, without those that are its own", async () => {
    const {findings} = await inspect(
      made({
        '/.singularity.d/runscript': {content: '#!/bin/sh\nexec app "$@"\n', mode: 0o755},
        '/.singularity.d/env/01-base.sh': {content: 'export OWN=1\n'},
        '/.singularity.d/env/10-docker2singularity.sh': {content: 'export PATH="${PATH:-"/usr/bin"}"\n'},
        '/.singularity.d/env/90-environment.sh': {content: '#!/bin/sh\nexport LAB=3\n'},
        '/.singularity.d/env/95-apps.sh': {content: 'export SCIF=1\n'},
      }),
    )
    expect(findings.start.runs).toBe('exec app "$@"')
    expect(findings.start.environment.map(each => each.name)).toEqual(['PATH', 'LAB'])
  })
  it('from what an OCI image says', async () => {
    const config = JSON.stringify({Entrypoint: ['/app', 'a b'], Cmd: ['x'], Env: ['PATH=/bin', 'A=1']})
    const {findings} = await inspect(made({'/app': {content: ''}}, {config}))
    expect(findings.start).toEqual({
      runs: "/app 'a b' x",
      environment: [
        {name: 'PATH', value: '/bin'},
        {name: 'A', value: '1'},
      ],
    })
  })
})

describe('hostile images', () => {
  it('print nothing that moves a cursor, and break no table', async () => {
    const odd = '/bin/a\u001b[2J\nnext|\u202e`x`'
    const {findings, sections} = await inspect(
      made({
        [odd]: {mode: 0o4755},
        '/etc/os-release': {content: 'PRETTY_NAME="\u001b]0;title\u0007<b>@all | x"\n'},
        '/usr/bin/\udcff': {mode: 0o4755, content: 'x'.repeat(100)},
        '/opt/\udcff/\udc80': {mode: 0o755, content: 'x'.repeat(100)},
      }),
    )
    const report: Report = {
      input: 'x',
      stages: [],
      artifacts: [],
      tuning: [],
      image: {name: 'a\nb', from: 'image', findings, sections},
      diagnostics: [],
    }
    for (const text of [reportText(report, false), reportMarkdown(report)]) {
      expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u202e]/)
      expect(text).not.toContain('\nnext')
    }
    const markdown = reportMarkdown(report)
    expect(markdown).not.toMatch(/[^\\]<b>|[^\\]`x/)
    // As many cells as columns.
    for (const line of markdown.split('\n').filter(each => each.startsWith('| setuid')))
      expect(line.replaceAll('\\|', '').split('|')).toHaveLength(5)
  })

  it('with more of everything than anybody reads are cut in documents', async () => {
    const many = Object.fromEntries(Array.from({length: 3000}, (_, i): [string, Made] => [`/srv/${i}`, {mode: 0o6777}]))
    const {findings, sections} = await inspect(made(many))
    expect(findings.privileges.setuid.count).toBe(3000)
    expect(findings.privileges.setuid.list).toHaveLength(1000)
    expect(JSON.stringify(sections).length).toBeLessThan(5000)
  })

  it('with names as long as Linux takes keep their columns', async () => {
    const long = `/srv/${'n'.repeat(4000)}`
    const {findings, sections} = await inspect(made({[`${long}/a`]: {content: 'xx', mode: 0o4755}, '/opt/b': {content: 'x'}}))
    const image = {name: 'x', from: 'image', findings, sections} as const
    const text = reportText({stages: [], artifacts: [], tuning: [], image, diagnostics: []}, false)
    expect(findings.privileges.setuid.list).toEqual([`${long}/a`])
    for (const line of text.split('\n')) expect(line.length).toBeLessThan(1100)
  })

  it('links in a circle and damaged programs', async () => {
    const {findings} = await inspect(
      made({
        '/bin/sh': {kind: 'symlink', link: 'sh'},
        '/etc/os-release': {kind: 'symlink', link: '../../../../etc/os-release'},
        '/opt/a': {content: Buffer.concat([Buffer.from('\u007fELF'), Buffer.alloc(200, 0xff)]), mode: 0o755},
        '/lib/libc.so.6': {content: Buffer.concat([Buffer.from('\u007fELF'), Buffer.alloc(100)]), mode: 0o755},
      }),
    )
    expect(findings.distribution).toEqual({})
    expect(findings.libc).toEqual({programs: {looked: 0, all: 1}})
  })
})

describe('marks', () => {
  it('are searched to a bound, and found across pieces', async () => {
    const content = `${'-'.repeat(990)}Open MPI v4.1.4${'-'.repeat(3000)}`
    const found = await readMarks(made({'/a': {content}}), new Map([['/a', /(Open MPI v[\d.]+)/]]), signal)
    expect(found.get('/a')).toEqual(['Open MPI v4.1.4'])
  })
})

describe('beside a machine', () => {
  const host: Host = {
    architecture: 'amd64',
    kernel: '5.14.0',
    level: 'x86-64-v2',
    glibc: '2.36',
    nvidiaDriver: undefined,
    mpi: [{family: 'MPICH', version: '4.0', source: 'mpirun'}],
    emulated: new Set(),
  }
  const rules = async (image: Image, changed: Partial<Host> = {}) =>
    compareWithHost((await inspect(image)).findings, {...host, ...changed}).map(each => each.rule)

  it('a level that its processors lack', async () => {
    const content = await compiled('v3', 'int main(void) { return 0; }\n', '-Wl,-z,x86-64-v3')
    const image = made({'/opt/v3': {content, mode: 0o755}})
    expect(await rules(image)).toEqual(['host-cpu-level'])
    expect(await rules(image, {level: 'x86-64-v3'})).toEqual([])
    expect(await rules(image, {level: 'x86-64-v4'})).toEqual([])
  })
  it('another architecture, with and without an emulator', async () => {
    const image = made({}, {architecture: 'arm64'})
    const findings = (await inspect(image)).findings
    expect(compareWithHost(findings, host)[0]?.message).toContain('nothing in it can run here')
    expect(compareWithHost(findings, {...host, emulated: new Set(['arm64'])})[0]?.message).toContain('emulator')
    expect(await rules(made({}, {architecture: '386'}))).toEqual([])
  })
  it('a kernel that is too old for the C library', async () => {
    const libc = (await execa('gcc', ['-print-file-name=libc.so.6'])).stdout
    const image = made({'/lib/libc.so.6': {content: readFileSync(libc), mode: 0o755}})
    expect(await rules(image, {kernel: '2.6.32'})).toEqual(['host-kernel'])
    expect(await rules(image, {kernel: '3.10.0'})).toEqual([])
  })
  it('a driver that is missing or too old; nothing without CUDA', async () => {
    const image = made({'/usr/local/cuda/lib64/libcudart.so.12.2.140': {content: 'x'}})
    expect(await rules(image)).toEqual(['host-cuda-driver'])
    expect(await rules(image, {nvidiaDriver: '470.82.01'})).toEqual(['host-cuda-driver'])
    expect(await rules(image, {nvidiaDriver: '535.104.05'})).toEqual([])
    expect(await rules(made({}))).toEqual([])
  })
  it('MPIs of two families; those made from MPICH are one', async () => {
    const image = made({'/usr/include/mpi.h': {content: '#define OMPI_MAJOR_VERSION 4\n'}})
    expect(await rules(image)).toEqual(['host-mpi-family'])
    expect(await rules(image, {mpi: [{family: 'Open MPI', source: 'mpirun'}]})).toEqual([])
    expect(await rules(image, {mpi: []})).toEqual([])
    const mvapich = made({'/usr/include/mpi.h': {content: '#define MVAPICH2_VERSION "2.3.7"\n'}})
    expect(await rules(mvapich)).toEqual([])
  })
})
