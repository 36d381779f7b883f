/** Dockerfiles converted to definition files and built by the real Apptainer: the image has to be what docker would have made. */
import {execFileSync} from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {writeDeffile} from '../../src/formats/deffile/write.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import type {Base, Description} from '../../src/model/description.js'
import type {ContextFiles, FileKind} from '../../src/model/format.js'

const user = process.env.SIFSTAGE_TEST_USER ?? 'hpc'
const bases = process.env.SIFSTAGE_TEST_BASES ?? '/var/tmp/sifstage-bases'
const asUser = path.resolve('scripts/as-user.sh')
let folder = ''

beforeAll(() => {
  folder = fs.mkdtempSync('/var/tmp/sifstage-convert-')
  fs.chmodSync(folder, 0o777)
})

afterAll(() => {
  const images = fs.readdirSync(folder).filter(name => name.endsWith('.image'))
  run(folder, ['unshare', '--map-root-user', '--map-auto', 'rm', '-rf', ...images])
  fs.rmSync(folder, {recursive: true, force: true})
})

function run(cwd: string, argv: readonly string[]): string {
  const [command, ...rest] = process.getuid?.() === 0 ? [asUser, user, ...argv] : argv
  return execFileSync(command ?? '', rest, {cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 1 << 26})
}

function hostContext(root: string): ContextFiles {
  const kindOf = (stat: fs.Stats | undefined): FileKind | undefined => {
    if (stat === undefined) return undefined
    return stat.isFile() ? 'file' : stat.isDirectory() ? 'directory' : stat.isSymbolicLink() ? 'symlink' : 'other'
  }
  const at = (name: string) => path.join(root, name)
  return {
    root,
    kind: name => kindOf(fs.lstatSync(at(name), {throwIfNoEntry: false})),
    kindFollowed: name => kindOf(fs.statSync(at(name), {throwIfNoEntry: false})),
    names: name => (fs.existsSync(at(name)) ? fs.readdirSync(at(name)).sort() : []),
    text: name => (fs.existsSync(at(name)) ? fs.readFileSync(at(name), 'utf8') : undefined),
    link: () => undefined,
    environment: new Map(),
  }
}

/** Base images of the test machine in place of those in the text: no registry is needed. */
function localBases(description: Description): Description {
  const local = (base: Base): Base =>
    base.kind === 'image'
      ? {kind: 'local', reference: {agent: 'oci', path: `${bases}/${base.reference.name}/oci`}, span: base.span}
      : base
  return {...description, stages: description.stages.map(stage => ({...stage, base: local(stage.base)}))}
}

/** Builds a sandbox and returns its path. */
function build(name: string, dockerfile: string, files: Readonly<Record<string, string>>): string {
  const context = path.join(folder, name)
  fs.mkdirSync(context, {mode: 0o777})
  fs.chmodSync(context, 0o777)
  for (const [file, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(context, file)), {recursive: true})
    fs.writeFileSync(path.join(context, file), text)
  }
  const read = readDockerfile('Dockerfile', dockerfile, {buildArgs: new Map(), architecture: 'amd64'})
  if (read.description === undefined) throw new Error(JSON.stringify(read.diagnostics))
  const description = localBases(read.description)
  const written = writeDeffile(description, {
    target: description.stages.length - 1,
    allow: new Set(),
    keepCwd: false,
    context: hostContext(context),
  })
  if (written.text === undefined) throw new Error(JSON.stringify(written.diagnostics))
  fs.writeFileSync(path.join(folder, `${name}.def`), written.text)
  const image = path.join(folder, `${name}.image`)
  run(context, ['apptainer', 'build', '--sandbox', image, path.join(folder, `${name}.def`)])
  return image
}

function inside(image: string, script: string): string {
  return run('/', ['apptainer', 'exec', '--fakeroot', '--cleanenv', image, '/bin/sh', '-c', script])
}

describe('a converted Dockerfile', () => {
  it('runs each command in its own shell, folder and environment', () => {
    const image = build(
      'run',
      `FROM busybox AS base
ARG V=2
ENV PATH=/opt/x:$PATH NAME="it's $V"
WORKDIR /w/x
RUN mkdir -p /o; false; cd /; X=1; echo done
RUN echo "$NAME $X $V" > /o/name && pwd > /o/pwd && umask > /o/umask
RUN <<E
printf '%s\\n' one \\
%two
echo '{{ jinja }}' >> /o/text
E
FROM base
RUN ["/bin/sh", "-c", "echo $0 $PATH > /o/path"]
ENTRYPOINT ["/bin/echo", "a b"]
CMD ["c", "$HOME"]
LABEL org.opencontainers.image.title="A title" mine="v v"
`,
      {},
    )
    expect(inside(image, 'cd /o; cat name pwd umask text path')).toBe(
      "it's 2  2\n/w/x\n0022\n{{ jinja }}\n/bin/sh /opt/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n",
    )
    expect(run('/', ['apptainer', 'run', image])).toBe('a b c $HOME\n')
    expect(run('/', ['apptainer', 'run', image, 'x $HOME'])).toBe('a b x $HOME\n')
    expect(inside(image, 'echo $PATH; echo "$NAME"; [ -e /.sifstage ] || echo clean')).toMatch(/^\/opt\/x:.*\nit's 2\nclean\n$/)
    expect(inside(image, 'cat /.singularity.d/labels.json')).toMatch(
      /"mine": "v v",[^}]*"org.opencontainers.image.title": "A title"/,
    )
  })

  it('puts files where docker puts them, at the moment it does', () => {
    const image = build(
      'copy',
      `FROM busybox AS b
WORKDIR /app
COPY src .
RUN ls -A > /list.txt && mkdir -m 700 /thing && echo t > /thing/.t
FROM busybox
COPY --from=b /app /srv/app
COPY --from=b /thing /etc
COPY --from=b /list.txt /
RUN rm /list.txt && mkdir -p /opt/d && ln -s /etc/passwd /opt/d/a && echo old > /opt/d/z
COPY src /opt/d
COPY --chown=1:2 --chmod=0640 src/a /new/dir/
COPY <<"E" /text
$x %
%y {{ z }}
E
`,
      {'src/a': 'a', 'src/.h': 'h', 'src/sub/b': 'b'},
    )
    expect(inside(image, 'cd /srv/app; find . | sort')).toBe('.\n./.h\n./a\n./sub\n./sub/b\n')
    expect(inside(image, 'cat /etc/.t; [ -e /list.txt ] || echo gone; stat -c %a /etc')).toBe('t\ngone\n755\n')
    expect(inside(image, 'cd /opt/d; find . | sort; cat a z; [ -L a ] || echo file')).toBe(
      '.\n./.h\n./a\n./sub\n./sub/b\n./z\naold\nfile\n',
    )
    expect(inside(image, "stat -c '%a %u:%g' /new /new/dir /new/dir/a")).toBe('755 1:2\n755 1:2\n640 1:2\n')
    expect(inside(image, 'cat /text')).toBe('$x %\n%y {{ z }}\n')
  })

  it('copies names that mean something to the shell inside Apptainer', () => {
    const names = ['a b', "it's", 'st*r', 'a[1].txt', 'q?', 'd$e', 'b\\s', '#h', 'x;y', '(p)', '-n', '~', 'a&b', 'c`d', '%p', 'ü']
    const decoys = ['stxr', 'a1.txt', 'qq']
    const image = build(
      'names',
      'FROM busybox\nCOPY n /all/\nCOPY n/* /each/\n',
      Object.fromEntries([...names, ...decoys].map(name => [`n/${name}`, name])),
    )
    const wanted = [...names, ...decoys].sort()
    for (const place of ['all', 'each']) {
      expect(fs.readdirSync(path.join(image, place)).sort()).toEqual(wanted)
      for (const name of wanted) expect(fs.readFileSync(path.join(image, place, name), 'utf8')).toBe(name)
    }
  })

  it('compiles in one stage and takes only the program into the next', () => {
    const image = build(
      'compile',
      `FROM gcc AS compile-image
WORKDIR /root
COPY hello.c .
RUN gcc -static -o helloworld hello.c
FROM busybox
WORKDIR /root
COPY --from=compile-image /root/helloworld .
CMD ["./helloworld"]
`,
      {'hello.c': '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'},
    )
    expect(fs.readFileSync(path.join(folder, 'compile.def'), 'utf8')).not.toContain('.sifstage')
    expect(run('/', ['apptainer', 'run', image])).toBe('hello\n')
  })
})
