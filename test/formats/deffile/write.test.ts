import {describe, expect, it} from 'vitest'
import {readDeffile} from '../../../src/formats/deffile/read.js'
import {writeDeffile} from '../../../src/formats/deffile/write.js'
import {readDockerfile} from '../../../src/formats/dockerfile/read.js'
import type {Description} from '../../../src/model/description.js'
import type {ContextFiles, ReadResult, WriteOptions} from '../../../src/model/format.js'

const readOptions = {buildArgs: new Map<string, string>(), architecture: 'amd64'}

/** A context of these files; a value that starts with `->` is a link. */
function context(files: Readonly<Record<string, string>>): ContextFiles {
  const clean = (path: string) =>
    path
      .replace(/^\.?\/+/, '')
      .replace(/\/+$/, '')
      .replace(/^\.$/, '')
  const kind = (path: string) => {
    const wanted = clean(path)
    const text = files[wanted]
    if (text !== undefined) return text.startsWith('->') ? ('symlink' as const) : ('file' as const)
    return wanted === '' || Object.keys(files).some(name => name.startsWith(`${wanted}/`)) ? ('directory' as const) : undefined
  }
  return {
    root: '/context',
    kind,
    kindFollowed: path => (kind(path) === 'symlink' ? 'file' : kind(path)),
    names: path => {
      const folder = clean(path)
      const below = Object.keys(files).filter(name => folder === '' || name.startsWith(`${folder}/`))
      return [...new Set(below.map(name => name.slice(folder === '' ? 0 : folder.length + 1).split('/')[0] ?? ''))].sort()
    },
    text: path => files[clean(path)],
    link: path => (files[clean(path)]?.startsWith('->') === true ? files[clean(path)]?.slice(2) : undefined),
    mode: path => (kind(path) === 'directory' ? 0o755 : 0o644),
    head: () => new Uint8Array(),
    hardLinks: () => 1,
    environment: new Map(),
  }
}

function readable(result: ReadResult): Description {
  if (result.description === undefined) throw new Error(JSON.stringify(result.diagnostics))
  return result.description
}

function convert(dockerfile: string, files: Readonly<Record<string, string>> = {}, options: Partial<WriteOptions> = {}) {
  const description = readable(readDockerfile('Dockerfile', dockerfile, readOptions))
  const target = description.stages.length - 1
  const result = writeDeffile(description, {target, allow: new Set(), keepCwd: false, context: context(files), ...options})
  return {text: result.text, rules: result.diagnostics.map(d => `${d.severity} ${d.rule}`)}
}

function definition(text: string): Description {
  return readable(readDeffile('x.def', text, readOptions))
}

function rewrite(text: string, target?: number): string | undefined {
  const description = definition(text)
  return writeDeffile(description, {
    target: target ?? description.stages.length - 1,
    allow: new Set(),
    keepCwd: false,
    context: context({}),
  }).text
}

describe('a simple Dockerfile', () => {
  it('becomes what a person would have written', () => {
    const {text} = convert(
      `FROM gcc AS compile-image
WORKDIR /root
COPY hello.c .
RUN gcc -o helloworld hello.c
FROM busybox
WORKDIR /root
COPY --from=compile-image /root/helloworld .
CMD ["./helloworld"]
`,
      {'hello.c': ''},
    )
    expect(text).toBe(`Bootstrap: docker
From: gcc
Stage: compile-image

%files
    hello.c /root/

%post
    umask 022
    cd /root
    gcc -o helloworld hello.c

Bootstrap: docker
From: busybox

%files from compile-image
    /root/helloworld /root/

%runscript
    cd /root || exit
    [ $# -gt 0 ] || set -- ./helloworld
    exec "$@"
`)
  })

  it('leaves out the stages that the target does not need, and puts it last', () => {
    const {text} = convert('FROM a AS one\nFROM b AS two\nFROM c AS three\nCOPY --from=one /x.txt /x.txt\n', {}, {target: 1})
    expect(text).toBe('Bootstrap: docker\nFrom: b\nStage: two\n')
  })

  it('needs no %post to make a folder that %files makes', () => {
    expect(convert('FROM a\nWORKDIR /app\nCOPY package.json .\n', {'package.json': ''}).text).not.toContain('%post')
  })

  it('is read back as what it says', () => {
    const {text} = convert('FROM a AS b\nRUN make\nFROM c\nCOPY --from=b /etc/x.conf /etc/\nCOPY src /src\n', {
      'src/a': '',
      'src/b': '',
    })
    expect(definition(text ?? '').stages.map(s => s.steps.length)).toEqual([1, 3])
  })
})

describe('RUN', () => {
  const post = (run: string) =>
    convert(`FROM a\n${run}\n`)
      .text?.split('umask 022\n')[1]
      ?.replace(/ {4}# what Apptainer adds(?:.|\n)*\|\| unset LD_LIBRARY_PATH\n/, '')
  it.each([
    ['RUN make && make install', '    make\n    make install\n'],
    [
      'RUN apt-get update && apt-get install -y "a b" \'c\' > /log',
      '    apt-get update\n    apt-get install -y "a b" \'c\' > /log\n',
    ],
    ['RUN make; make install', "    /bin/sh -c 'make; make install'\n"],
    ['RUN cd /x && make', "    /bin/sh -c 'cd /x && make'\n"],
    ['RUN A=1 make', "    /bin/sh -c 'A=1 make'\n"],
    ['RUN make || true', "    /bin/sh -c 'make || true'\n"],
    ['RUN echo "$(id)"', '    /bin/sh -c \'echo "$(id)"\'\n'],
    ['RUN exit 3', "    /bin/sh -c 'exit 3'\n"],
    ["RUN echo 'it'; echo", "    /bin/sh -c 'echo '\\''it'\\''; echo'\n"],
    ['RUN ["/bin/x","a b"]', "    /bin/x 'a b'\n"],
    ['RUN ["x","$HOME"]', "    ( exec x '$HOME' )\n"],
    ['SHELL ["/bin/bash","-o","pipefail","-c"]\nRUN a | b', "    /bin/bash -o pipefail -c 'a | b'\n"],
    [
      'WORKDIR /w\nRUN a\nRUN b\nWORKDIR x\nRUN c',
      '    mkdir -p /w\n    cd /w\n    a\n    b\n    mkdir -p /w/x\n    cd /w/x\n    c\n',
    ],
    ['# why\nRUN a', '    # why\n    a\n'],
  ])('%j', (run, lines) => {
    expect(post(run)).toBe(lines)
  })

  it('keeps lines that would begin a section or a stage away from the line start', () => {
    const {text} = convert('FROM a\nRUN <<E\n%macro\n  %b\nbootstrap: x\nE\n')
    expect(text).toContain("'%macro\n''  %b\n''bootstrap: x\n")
    expect(definition(text ?? '').stages).toHaveLength(1)
  })

  it('keeps braces that Apptainer would fill in', () => {
    const {text} = convert("FROM a\nRUN echo '{{ name }} {{name}}'; x\nLABEL a={{b}}\n")
    expect(text).toContain("{''{ name }} {''{name}}")
    expect(text).toContain('%arguments\n    b={{b}}\n')
    expect(definition(text ?? '').stages[0]?.settings.labels?.[0]?.value).toEqual(['{{b}}'])
  })

  it('splits a long %post, a long command, and refuses a label that is too long', () => {
    const long = convert(`FROM a\n${`RUN echo ${'x'.repeat(1000)}\n`.repeat(130)}`)
    expect(long.text?.match(/^%post$/gm)).toHaveLength(3)
    expect(definition(long.text ?? '').stages[0]?.steps).toHaveLength(1)
    const script = convert(`FROM a\nRUN <<E\n${`${'x'.repeat(1000)}\n`.repeat(70)}E\n`)
    expect(script.text?.match(/^%post$/gm)).toHaveLength(3)
    expect(definition(script.text ?? '').stages[0]?.steps).toHaveLength(1)
    const label = `LABEL a=\\\n${`${'x'.repeat(1000)}\\\n`.repeat(70)}y\n`
    expect(convert(`FROM a\n${label}`).rules).toEqual(['error not-expressible'])
  })
})

describe('a huge command', () => {
  it.each([
    ['line feeds', '\n'.repeat(300_000)],
    ['blanks', `${' '.repeat(60_000)}\n`.repeat(5)],
    ['percent signs', '%post\n'.repeat(20_000)],
    ['quotes', `${'\'"`$(('.repeat(8000)}\n`],
    ['one program, again and again', `${'ls '.repeat(20_000)}\n`],
    ['links of a chain', `${'a && '.repeat(12_000)}b\n`],
  ])('of %s comes to an end', (_, body) => {
    const {rules} = convert(`FROM a\nRUN <<E\n${body}E\n`)
    expect(rules.filter(rule => rule.startsWith('error') && rule !== 'error not-expressible')).toEqual([])
  })
})

describe('variables', () => {
  it('reach later commands and the finished image', () => {
    const {text} = convert('FROM a\nARG V=1\nENV PATH=/x:$PATH N="a $V"\nENV PATH=/y:$PATH\nRUN make\nENV LATE=1\n')
    expect(text).toBe(`Bootstrap: docker
From: a

%post
    umask 022
    export V=1
    export PATH="/x:\${PATH}"
    export N='a 1'
    export PATH="/y:\${PATH}"
    make

%environment
    export PATH="/y:/x:\${PATH}"
    export N='a 1'
    export LATE=1
`)
  })

  it('with a single quote are put in double quotes for the shell inside Apptainer', () => {
    expect(convert('FROM a\nENV A="it\'s \\$5"\n').text).toContain('%environment\n    export A="it\'s \\$5"\n')
  })

  it("keep the base's value where it is needed after the name was set", () => {
    const {text} = convert('FROM a\nENV A=1$B\nENV B=2\nRUN x\n')
    expect(text).toContain('export A="1${B}"\n    export B=2\n    x')
    expect(text).toContain('%environment\n    export A="1${B}"\n    export B=2\n')
  })

  it('of an ARG do not cover ENV in a child stage', () => {
    const {text} = convert('FROM a AS p\nENV Q=env\nARG Q=arg\nRUN one\nFROM p\nRUN two\n')
    expect(text).toContain('export Q=env\n    export Q=arg\n    one\n    export Q=env\n    two\n')
  })
})

describe('COPY', () => {
  const files = {
    f: '',
    'd/x': '',
    'd/.h': '',
    'l/a': '->b',
    out: '->../b',
    "odd 'n*me": '',
    'big/a': '',
    'big/b': '',
    '.dockerignore': 'big/a\n',
  }
  const section = (lines: string) => convert(`FROM a\n${lines}\n`, files).text?.replace('Bootstrap: docker\nFrom: a\n', '')
  it.each([
    ['COPY f /x', '\n%files\n    f /x\n'],
    ['COPY f /x/', '\n%files\n    f /x/\n'],
    ['COPY d /x', '\n%files\n    d/. /x/\n'],
    ['COPY d* f /x/', '\n%files\n    d/. /x/\n    f /x/\n'],
    ['COPY big /x', '\n%files\n    big/b /x/b\n'],
    ['COPY ["odd \\\\\'n*me", "/a b"]', '\n%files\n    "odd \\\'n[*]me" "/a b"\n'],
    ['# note\nCOPY f /x', '\n%files\n    # note\n    f /x\n'],
  ])('%j is a plain line', (line, wanted) => {
    expect(section(line)).toBe(wanted)
  })

  it.each(['RUN x\nCOPY f /x', 'COPY --chmod=700 f /x', 'COPY <<E /x/\nhi\nE', 'COPY --from=img /thing /x'])(
    '%j goes through a staging folder',
    line => {
      expect(section(line)).toContain('sifstage_put /.sifstage/1 ')
      expect(section(line)).toMatch(/rm -rf \/\.sifstage\n$/)
      expect(section(line)).toContain('sifstage_put() (')
    },
  )

  it.each([
    ['COPY f /dev/x', 'error reserved-path'],
    ['COPY --from=img --parents /tmp/x.txt /x', 'error copy-parents-from-stage'],
    ['COPY out /x', 'error context-path-outside'],
    ['COPY big/a /x', 'error context-path-ignored'],
    ['COPY f /.singularity.d/x', 'error reserved-path'],
    ['COPY missing /x', 'warning source-not-found'],
  ])('%j: %s', (line, rule) => {
    expect(convert(`FROM a\n${line}\n`, files).rules).toEqual([rule])
  })

  it('packs a folder with links on the machine that builds', () => {
    expect(section('COPY l /x')).toContain('tar -C l --owner=0 --group=0')
  })

  it('takes a stage source for a folder or a file where the input shows which it is', () => {
    const {text} = convert(
      'FROM a AS b\nWORKDIR /app\nRUN gcc -o /prog x.c\nFROM c\nCOPY --from=b /app /app\nCOPY --from=b /prog /usr/lib/x/\nCOPY --from=b /lib2 /opt/\n',
    )
    expect(text).toContain('%files from b\n    /app/ /app/\n    /prog /usr/lib/x/\n    /lib2 /.sifstage/1\n')
  })

  it('from an image makes a stage of it', () => {
    expect(convert('FROM a\nCOPY --from=img:1 /uv /bin/\n').text).toBe(
      'Bootstrap: docker\nFrom: img:1\nStage: image-1\n\nBootstrap: docker\nFrom: a\n\n%files from image-1\n    /uv /bin/\n\n%post\n    umask 022\n    test ! -d /bin/uv # it was taken for a file\n',
    )
  })
})

describe('settings', () => {
  const run = (lines: string, options: Partial<WriteOptions> = {}) =>
    convert(`FROM a\n${lines}\n`, {}, options).text?.split('%runscript\n')[1]
  it.each([
    ['ENTRYPOINT ["e","a b"]\nCMD ["c"]', '    [ $# -gt 0 ] || set -- c\n    exec e \'a b\' "$@"\n'],
    ['CMD echo $A', '    [ $# -gt 0 ] || set -- /bin/sh -c \'echo $A\'\n    exec "$@"\n'],
    ['ENTRYPOINT exec top', '    exec /bin/sh -c \'exec top\' "$@"\n'],
    ['CMD ["x"]\nENTRYPOINT ["e"]', '    [ $# -gt 0 ] || set -- x\n    exec e "$@"\n'],
  ])('%j', (lines, script) => {
    expect(run(lines)).toBe(script)
  })

  it('start in the folder of WORKDIR unless asked not to', () => {
    expect(run('WORKDIR /w\nCMD ["./x"]')).toContain('cd /w || exit\n')
    expect(run('WORKDIR /w\nCMD ["./x"]', {keepCwd: true})).not.toContain('cd ')
    expect(convert('FROM a\nWORKDIR /w\nENTRYPOINT ["./x"]\n').rules).toEqual(['warning workdir-at-runtime'])
  })

  it('leave the run script of the base alone when there is nothing to start', () => {
    expect(convert('FROM a\nENV A=1\n').text).not.toContain('%runscript')
  })

  it('of a parent are inherited, except CMD under an ENTRYPOINT of its own', () => {
    const {text} = convert('FROM a AS p\nENTRYPOINT ["e"]\nCMD ["c"]\nLABEL x=1\nFROM p\nENTRYPOINT ["f"]\n')
    expect(text).toContain('%labels\n    x 1\n')
    expect(text).toContain('%runscript\n    exec f "$@"\n')
  })

  it('that a base may have too go where they win', () => {
    const {text} = convert('FROM a\nLABEL org.opencontainers.image.title="A b" mine=1\n')
    expect(text).toContain(`echo 'org.opencontainers.image.title A b' >> "$SINGULARITY_LABELS"`)
    expect(text).toContain('%labels\n    mine 1\n')
  })

  it('refuse what would come out different, unless it is allowed', () => {
    const odd = 'FROM a\nLABEL "b c"=1\n'
    expect(convert(odd)).toEqual({text: undefined, rules: ['error label']})
    expect(convert(odd, {}, {allow: new Set(['label'])})).toMatchObject({rules: ['warning label']})
    expect(convert('FROM a\nRUN --mount=type=secret,id=s,required x\n').rules).toEqual(['error secret-required'])
    expect(convert('FROM a\nUSER me\n').rules).toEqual(['warning user-at-runtime'])
    expect(convert('FROM scratch\nWORKDIR /x\n').text).toContain('mkdir -p "$SINGULARITY_ROOTFS"/x')
  })
})

describe('a definition file', () => {
  const header = 'Bootstrap: docker\nFrom: a\n'

  it('keeps its own words', () => {
    const text = `${header}Stage: one\n\n%post -c /bin/bash\n  a\n\n\n${header}%files from one\n  /x\n`
    expect(rewrite(text)).toBe(`${header}Stage: one\n\n%post -c /bin/bash\n  a\n\n${header}%files from one\n  /x\n`)
    expect(rewrite(text, 0)).toBe(`${header}Stage: one\n\n%post -c /bin/bash\n  a\n`)
  })

  it('is not filled in twice', () => {
    const text = `${header}%help\n {{ E }}\n%arguments\n A=1\n D={{ A }}x\n E={{ D }}y\n`
    const again = rewrite(text) ?? ''
    expect(definition(again).stages[0]?.settings.help?.text).toBe(definition(text).stages[0]?.settings.help?.text)
  })

  it('loses a carriage return at line ends, and an indented Bootstrap', () => {
    expect(rewrite(`# c\n Bootstrap: docker\r\nFrom: a\r\n%post\r\n b\r\n`)).toBe('Bootstrap: docker\nFrom: a\n%post\n b\n')
  })
})
