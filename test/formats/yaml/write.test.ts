import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {readDeffile} from '../../../src/formats/deffile/read.js'
import {readDockerfile} from '../../../src/formats/dockerfile/read.js'
import {readYaml} from '../../../src/formats/yaml/read.js'
import {writeYaml} from '../../../src/formats/yaml/write.js'
import type {Description, Stage, Step} from '../../../src/model/description.js'
import type {ReadResult} from '../../../src/model/format.js'
import {type Span, startOf} from '../../../src/model/span.js'
import {literal, type Template} from '../../../src/model/template.js'
import {memoryContext} from '../../checks/memory-context.js'

const options = {buildArgs: new Map<string, string>(), architecture: 'amd64'}

function write(description: Description, target = description.stages.length - 1) {
  return writeYaml(description, {target, allow: new Set(), keepCwd: false, context: memoryContext()})
}

function described(result: ReadResult): Description {
  expect(result.diagnostics.filter(found => found.severity === 'error')).toEqual([])
  if (result.description === undefined) throw new Error('no description')
  return result.description
}

/** What two descriptions have to agree in: everything but places and where a name came from. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, inner]) => {
      if (/^(span|nameSpan|named)$/.test(key)) return []
      // Readers differ in whether the blank behind the # belongs to a comment.
      return [[key, key === 'comment' && Array.isArray(inner) ? inner.map(line => String(line).trim()) : meaning(inner)]]
    }),
  )
}

/** Written, read again, and the same as before. */
function roundTrip(description: Description): string {
  const {text, diagnostics} = write(description)
  expect(diagnostics).toEqual([])
  const again = described(readYaml('x.yaml', text ?? '', options))
  expect(meaning(again.stages), text).toEqual(meaning(description.stages))
  return text ?? ''
}

const dockerfile = (text: string) => described(readDockerfile('Dockerfile', text, options))

describe('what only YAML says', () => {
  it('is written and read back', () => {
    const text = `sifstage: 1
stages:
  a:
    from: docker://b
  z:
    from: docker://b
    steps:
      - copy: /opt/prog
        from: a
        to: /bin/
        expect: {kind: file, executable: true, min-size: 10 kB, max-size: 2 MiB, sha256: ${'0'.repeat(64)}, arch: arm64, libraries: [libmpi.so.*, "libm.so.6"], static: false}
runtime-libraries: [libmpi.so.*]
`
    const description = described(readYaml('x.yaml', text, options))
    const [copy] = description.stages[1]?.steps ?? []
    expect(copy).toMatchObject({
      expect: {minSize: 10_000, maxSize: 2 * 1024 * 1024, libraries: ['libmpi.so.*', 'libm.so.6'], static: false},
    })
    expect(description.runtimeLibraries).toEqual(['libmpi.so.*'])
    expect(roundTrip(description)).toContain('runtime-libraries: [libmpi.so.*]')
  })

  it('is refused where it has no sense', () => {
    const {diagnostics} = readYaml(
      'x.yaml',
      'sifstage: 1\nstages:\n  z:\n    from: docker://b\n    steps:\n      - {copy: a, to: /, expect: {min-size: big, sha256: abc}}\n',
      options,
    )
    expect(diagnostics.map(each => each.message)).toEqual([
      expect.stringContaining('should be a size'),
      expect.stringContaining('64 digits'),
    ])
  })
})

describe('a Dockerfile as YAML', () => {
  it('reads well', () => {
    const text = roundTrip(
      dockerfile(`# compiles
FROM debian:12 AS build
ARG VERSION=2.3
WORKDIR /src
# sources
COPY hello.c Makefile ./
RUN make VERSION=$VERSION && \\
    make install
FROM scratch
ENV LANG=C.UTF-8 A="it's \\"x\\""
COPY --from=build --chown=1:1 --chmod=0755 /src/hello /bin/
COPY <<EOF /etc/x.conf
a
EOF
LABEL a.b="c d"
USER 1000
ENTRYPOINT ["/bin/hello"]
CMD ["-x"]
`),
    )
    expect(text).toBe(`sifstage: 1
stages:
  # compiles
  build:
    from: docker://debian:12
    steps:
      - arg: {VERSION: "2.3"}
      - workdir: /src
      # sources
      - copy: [hello.c, Makefile]
        to: /src/
      - run: make VERSION=$VERSION &&     make install

  stage-1:
    from: scratch
    steps:
      - env: {LANG: C.UTF-8, A: it's "x"}
      - copy: /src/hello
        from: build
        to: /bin/
        chown: 1:1
        chmod: "0755"
      - write:
          EOF: |
            a
        to: /etc/x.conf
      - user: "1000"
    labels: {a.b: c d}
    entrypoint: [/bin/hello]
    cmd: [-x]
`)
  })
  it('says arguments once when all stages share them', () => {
    const text = roundTrip(dockerfile('ARG V=1\nFROM a AS x\nARG V\nRUN y\nFROM b\nARG V\nARG W\nCOPY --from=x /a /b\n'))
    expect(text).toContain('sifstage: 1\nargs: {V: "1"}\nstages:')
    expect(text).toContain('- arg: {W: null}')
  })
  it('keeps variables that only the base knows', () => {
    const text = roundTrip(dockerfile('FROM debian\nENV PATH=/a:$PATH\nENV PATH=/b:$PATH X=\\$5\nWORKDIR /$HOME\n'))
    expect(text).toContain('- env: {PATH: "/a:${PATH}"}\n      - env: {PATH: "/b:${PATH}", X: \\$5}\n      - workdir: /${HOME}\n')
  })
  it('keeps shells, also where a child goes on with one', () => {
    roundTrip(
      dockerfile('FROM debian AS a\nSHELL ["/bin/bash","-c"]\nRUN x\nFROM a\nRUN y\nSHELL ["/bin/sh","-ec"]\nRUN z\nCMD w\n'),
    )
  })
  it('says all that a Dockerfile can', () => {
    const text = roundTrip(
      dockerfile(String.raw`FROM busybox AS tools
FROM docker.io/library/debian:12 AS build
ENV LD_LIBRARY_PATH=/opt/lib${'$'}{LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
ENV LD_LIBRARY_PATH=/opt/x:$LD_LIBRARY_PATH Y=${'$'}{Y##*/} Z=${'$'}{Z/a}/b} W="${'$'}{W:-a\}b c}"
WORKDIR work
RUN --mount=type=cache,target=/root/.cache,sharing=locked --mount=type=bind,from=tools,source=/bin,target=tools \
    --mount=type=secret,id=token,required,mode=0440 --mount=type=tmpfs,target=/tmp/x,size=64m --mount=type=ssh \
    --mount=type=bind,from=debian:12,target=/deb,rw --mount=type=secret,id=t2,env=TOKEN --network=none make
RUN --security=insecure <<EOF
#!/usr/bin/env python3
print("$X")
EOF
ADD --checksum=sha256:${'a'.repeat(64)} --chown=1 https://example.org/a-1.tgz?x=1 /src/
ADD --unpack https://example.org/c.tgz .
ADD --keep-git-dir https://example.org/r.git?submodules=false#v1:sub git@example.org:s /git/
ADD vendor.tar.xz x /vendor/
ADD --unpack=false vendor.tar.xz /v
COPY --link --exclude=*.o --exclude=b/** . /all/
COPY --parents --from=tools /usr/./lib/*.so /x
COPY <<A <<"B" /etc/
path = $PATH \$x "y"
A
$PATH
B
SHELL ["/bin/bash", "-c"]
HEALTHCHECK --interval=1m --retries=3 CMD curl -f http://localhost/
EXPOSE 80 53/udp
VOLUME /data ["x"]
STOPSIGNAL SIGINT
MAINTAINER me <me@example.org>
ONBUILD COPY . /src
ONBUILD RUN <<E
x
E
FROM tools
HEALTHCHECK NONE
SHELL ["/bin/sh", "-c"]
COPY --from=build /all /x
`),
    )
    expect(text).toContain(`      - run: make
        mounts:
          - {type: cache, id: /root/.cache, target: /root/.cache, sharing: locked}
          - {type: bind, from: tools, source: /bin, target: tools}
          - {type: secret, id: token, target: /run/secrets/token, required: true, mode: "0440"}
`)
    expect(text).toContain('LD_LIBRARY_PATH: /opt/lib${LD_LIBRARY_PATH:+:${LD_LIBRARY_PATH}}\n')
  })
  it('leaves out what the target does not need, and says the target when it is not the last', () => {
    const three = dockerfile('FROM a AS x\nFROM b AS y\nFROM c AS z\nCOPY --from=x /a /b\n')
    expect(write(three, 1).text).toBe('sifstage: 1\nstages:\n  y:\n    from: docker://b\n')
    const anyOrder = described(readYaml('x.yaml', 'sifstage: 1\nstages:\n  a: {from: {stage: b}}\n  b: {from: x}\n', options))
    expect(write(anyOrder, 0).text).toBe(
      'sifstage: 1\nstages:\n  a:\n    from: {stage: b}\n\n  b:\n    from: docker://x\ntarget: a\n',
    )
  })
  it('refuses a variable of the base that was changed and is needed again', () => {
    const result = write(dockerfile('FROM debian\nENV OLD=$PATH\nENV PATH=/x\nWORKDIR $OLD\n'))
    expect(result.text).toBeUndefined()
    expect(result.diagnostics).toMatchObject([{rule: 'lost-base-variable', severity: 'error', span: {start: {line: 4}}}])
  })
})

describe('a definition file as YAML', () => {
  const text = `Bootstrap: docker
From: debian:12
Stage: build

%post -c /bin/bash
    set -e
    cat > /opt/x <<'E'
  indented
E

# above
Bootstrap: localimage
# in the header
From: ./base.sif
%files from build
    /src/hello   /usr/local/bin/hello
%files
    "a b.txt" /opt/
%environment
    export A='1'
%labels
    Author me
    title "x: y" # z
%runscript
    #!/bin/bash
    exec hello "$@"
%test
    hello
%help
    Says hello.

      And more.
%apprun foo
    x
`
  const description = described(readDeffile('x.def', text, options))
  const written = write(description)
  it('keeps its stages and sections', () => {
    expect(written.diagnostics).toEqual([])
    const again = described(readYaml('x.yaml', written.text ?? '', options))
    const parts = ({stages}: Description) =>
      meaning(
        stages.map(({definition, comment, ...stage}) => ({
          ...stage,
          comment: comment ?? [],
          headers: definition?.headers,
          sections: definition?.sections,
        })),
      )
    expect(parts(again)).toEqual(parts(description))
    expect(again.stages[1]?.definition?.text).toContain('# in the header\nFrom: ./base.sif')
  })
  it('reads well', () => {
    expect(written.text).toContain('        # in the header\n        from: ./base.sif')
    expect(written.text).toContain(`        - section: files
          arguments: from build
          text: |2
                /src/hello   /usr/local/bin/hello
`)
  })
})

const anyText = fc
  .oneof(
    fc.string({unit: 'grapheme', maxLength: 20}),
    fc.stringMatching(/^[ \n\t#:$\\{}'"|>%@&*!-]{0,12}$/),
    fc.constantFrom(
      ...['null', '~', 'true', '0755', '1e3', '', ' x ', 'a\n\n', '\n a', '$X', '\\', '- a', '# a', '\ufeff', '\u2028', '\u0085'],
      ...['...', '---', 'a\r\nb', '\x1b[31m', '=', '<<', '  \n  a', 'a \n', '\ta\n', 'a\n--- x\n'],
    ),
  )
  .filter(text => !text.includes('\0'))
const nonEmpty = anyText.filter(text => text !== '')
const span = startOf('x')
const template = fc.oneof(
  anyText.map(literal),
  nonEmpty.map((text): Template => [text, {variable: 'BASE'}]),
)
const name = fc.constantFrom('A', 'B', 'a.b-c', 'é', 'null', '1', 'true', 'constructor')
const own = {rules: 'docker', span} as const
const step: fc.Arbitrary<Step> = fc.oneof(
  fc
    .oneof(
      fc.record({
        kind: fc.constant('shell' as const),
        shell: fc.constantFrom(['/bin/sh', '-c'], ['/bin/bash', '-x y', '-c']),
        text: anyText,
      }),
      fc.record({kind: fc.constant('exec' as const), argv: fc.array(anyText, {maxLength: 4})}),
    )
    .map((command): Step => ({...own, kind: 'run', where: 'image', command})),
  fc
    .uniqueArray(fc.record({name, value: template}), {selector: one => one.name, minLength: 1, maxLength: 4})
    .map((variables): Step => ({...own, kind: 'env', variables})),
  nonEmpty.map((user): Step => ({...own, kind: 'user', user: literal(user)})),
  fc.tuple(fc.constantFrom('EOF', 'x.conf', 'null'), anyText, fc.constantFrom('/etc/x.conf', '/d/')).map(
    ([file, text, to]): Step => ({
      ...own,
      kind: 'copy',
      from: {kind: 'inline', files: [{name: file, text: literal(text)}]},
      sources: [{path: literal(file), span}],
      destination: {path: [to], span},
    }),
  ),
  fc
    .tuple(
      fc.array(fc.constantFrom('a', 'b c', '*.c', "it's", '-x', '$d', 'a\\b', '#'), {minLength: 1, maxLength: 3}),
      fc.constantFrom('/x', '/x y/', '/$HOME', '/'),
      nonEmpty,
    )
    .map(
      ([sources, to, chown]): Step => ({
        ...own,
        kind: 'copy',
        from: {kind: 'context'},
        sources: sources.map(path => ({path: literal(path), span})),
        destination: {path: [to], span},
        chown: literal(chown),
      }),
    ),
)

/** What the stage leaves to its image, once a step has changed the shell. */
function lastShell(steps: readonly Step[]): {shell?: {value: readonly string[]; span: Span}} {
  const shells = steps.flatMap(each => (each.kind === 'run' && each.command.kind === 'shell' ? [each.command.shell] : []))
  const last = shells.at(-1)
  return last === undefined || shells.every(shell => shell[0] === '/bin/sh') ? {} : {shell: {value: last, span}}
}

it('any text comes back as it was', () => {
  const parts = fc.record({
    steps: fc.array(step, {maxLength: 5}),
    labels: fc.uniqueArray(fc.record({name, value: template, span: fc.constant(span)}), {
      selector: one => one.name,
      minLength: 1,
      maxLength: 3,
    }),
    help: anyText,
    stageName: fc.constantFrom('final', 'post', 'null', '1', 'a b', '-x', "it's", 'é', '#', 'a: b'),
  })
  fc.assert(
    fc.property(parts, ({steps, labels, help, stageName}) => {
      const stage: Stage = {
        name: stageName,
        index: 0,
        named: true,
        rules: 'docker',
        span,
        nameSpan: span,
        base: {kind: 'image', reference: {transport: 'docker', name: 'debian'}, span},
        steps,
        settings: {labels, help: {text: help, span}, ...lastShell(steps)},
      }
      roundTrip({format: 'yaml', file: 'x', text: '', stages: [stage]})
    }),
    {numRuns: 500},
  )
})
