import {describe, expect, test} from 'vitest'
import {writeDockerfile} from '../../../src/formats/dockerfile/write.js'
import type {CopyStep, Description, RunStep, Stage} from '../../../src/model/description.js'
import type {WriteResult} from '../../../src/model/format.js'
import {startOf} from '../../../src/model/span.js'
import {contextOf, readWell, showDiagnostic} from './help.js'

const span = startOf('x')
const context = contextOf('hello.c', 'data/a.txt')

function write(description: Description, target?: number, allow: readonly string[] = []): WriteResult {
  return writeDockerfile(description, {
    target: target ?? description.stages.length - 1,
    allow: new Set(allow),
    keepCwd: false,
    context,
  })
}

function rewritten(text: string, target?: number): string {
  const result = write(readWell(text), target)
  return result.text ?? result.diagnostics.map(showDiagnostic).join('\n')
}

function stage(index: number, name: string, rest: Partial<Stage>): Stage {
  return {
    name,
    index,
    named: true,
    rules: 'def',
    span,
    nameSpan: span,
    base: {kind: 'image', reference: {transport: 'docker', name: 'debian:12'}, span},
    steps: [],
    settings: {},
    ...rest,
  }
}

function described(...stages: readonly Stage[]): Description {
  return {format: 'def', file: 'x.def', text: '', stages}
}

const post = (text: string, more: Partial<RunStep> = {}): RunStep => ({
  kind: 'run',
  rules: 'def',
  span,
  where: 'image',
  command: {kind: 'script', text},
  section: {name: 'post', arguments: []},
  ...more,
})

const files = (from: CopyStep['from'], source: string, destination?: string): CopyStep => ({
  kind: 'copy',
  rules: 'def',
  span,
  from,
  sources: [{path: [source], span}],
  destination: destination === undefined ? undefined : {path: [destination], span},
})

describe('a Dockerfile that was read', () => {
  test('comes out as it was meant', () => {
    const text = `# the build
FROM debian:12 AS build
ARG VERSION=1.2
ENV PATH=/opt/bin:\${PATH} MSG="two \\"words\\" \\$x"
WORKDIR /src
COPY --chown=1:2 a b /src/
# compile
RUN make && make install
RUN <<EOF
set -e
echo one
EOF
COPY <<"app.conf" /etc/app.conf
x = $y
app.conf

FROM scratch
COPY --from=build --chmod=755 /src/app /app
COPY ["a b", "/c d/"]
SHELL ["/bin/bash", "-c"]
RUN x
USER me
LABEL a.b=c
ENTRYPOINT ["/app", "--x"]
CMD ["y"]
`
    expect(rewritten(text)).toBe(text)
  })

  test('only the stages that the target needs, with names where they are referred to', () => {
    const text = 'FROM a\nFROM b\nRUN x\nFROM c AS d\nCOPY --from=1 /p /q\nFROM e\n'
    expect(rewritten(text, 2)).toBe('FROM b AS stage-1\nRUN x\n\nFROM c AS d\nCOPY --from=stage-1 /p /q\n')
  })

  test.each([
    ['RUN --  -x', 'RUN <<EOF\n-x\nEOF'],
    ['RUN echo "<<A" \\\n  b', 'RUN echo "<<A"   b'],
    ['RUN cat <<A > /x\nb\nA', 'RUN cat <<A > /x\nb\nA'],
    ['RUN <<A\nEOF\nA', 'RUN <<EOF1\nEOF\nEOF1'],
    ['ENV PATH=/a:$PATH\nENV PATH=/b:$PATH', 'ENV PATH=/a:${PATH}\nENV PATH=/b:${PATH}'],
    ['ENV E=', 'ENV E='],
    ['LABEL "a b"="c d"', 'LABEL "a b"="c d"'],
    ['COPY a\\$b /c', 'COPY a\\$b /c'],
    ['COPY ["[a", "/b"]', 'COPY ["[a", "/b"]'],
    ['ENTRYPOINT', 'ENTRYPOINT'],
    ['CMD []', 'CMD []'],
    ["WORKDIR '/a b'", 'WORKDIR "/a b"'],
  ])('%j', (text, wanted) => {
    const once = rewritten(`FROM i\n${text}`)
    expect(once).toBe(`FROM i\n${wanted === 'RUN <<EOF\n-x\nEOF' ? 'RUN -x' : wanted}\n`)
    expect(rewritten(once)).toBe(once)
  })

  test('a comment at the top is no directive', () => {
    const text = '#\n# escape=`\nFROM a\n'
    expect(rewritten(text)).toBe(text)
  })

  test("the base's value of a variable can be lost", () => {
    const result = write({
      ...described(
        stage(0, 's', {
          rules: 'docker',
          steps: [
            {kind: 'env', rules: 'docker', span, variables: [{name: 'A', value: ['1']}]},
            {kind: 'env', rules: 'docker', span, variables: [{name: 'B', value: [{variable: 'A'}]}]},
          ],
        }),
      ),
    })
    expect(result.text).toBeUndefined()
    expect(result.diagnostics.map(showDiagnostic)).toEqual([
      '1:1 lost-base-variable: ${A} needs a variable of the base image that has another value by now.',
    ])
  })

  test('an image that is called as a stage is written in full', () => {
    const image = {kind: 'image', reference: {transport: 'docker', name: 'debian'}, span} as const
    const result = write(
      described(
        stage(0, 'debian', {base: image}),
        stage(1, 'b', {base: image, steps: [files({kind: 'stage', name: 'debian', index: 0, span}, '/a/', '/b')]}),
      ),
    )
    expect(result.text).toBe(
      'FROM docker.io/library/debian:latest AS debian\n\nFROM docker.io/library/debian:latest AS b\nCOPY --from=debian /a /b/\n',
    )
  })
})

describe('a definition file', () => {
  test('the simple case', () => {
    const result = write(
      described(
        stage(0, 'Build', {steps: [files({kind: 'context'}, 'hello.c', '/src/'), post('make\n')]}),
        stage(1, 'final', {
          steps: [files({kind: 'stage', name: 'Build', index: 0, span}, '/src/hello', '/usr/bin/hello')],
          settings: {
            labels: [{name: 'v', value: ['1 2'], span}],
            environment: {text: '# x\nexport LANG=C.UTF-8\nexport PATH="/opt/bin:$PATH"\n', span},
            runscript: {text: 'exec hello "$@"\n', span},
          },
        }),
      ),
    )
    expect(result.text).toBe(`FROM debian:12 AS build
COPY hello.c /src/
RUN <<EOF
set -ex
umask 0002
cd /
make
EOF

FROM debian:12 AS final
COPY --from=build /src/hello /usr/bin/hello
ENV LANG=C.UTF-8
ENV PATH=/opt/bin:\${PATH}
LABEL v="1 2"
ENTRYPOINT ["hello"]
`)
    expect(result.diagnostics.map(found => `${found.severity} ${found.rule}`)).toEqual([])
    expect(rewritten(result.text ?? '')).toBe(result.text)
  })

  test.each([
    ['data', '/x/', 'COPY data /x/data/'],
    ['data/.', '/x/', 'COPY data /x/'],
    ['hello.c', '/x', 'COPY hello.c /x'],
    ['/context/hello.c', '/x', 'COPY hello.c /x'],
    ['hello.c', undefined, 'COPY hello.c /hello.c'],
  ])('%%files %s %s', (source, destination, wanted) => {
    const result = write(described(stage(0, 'a', {steps: [files({kind: 'context'}, source, destination)]})))
    expect(result.text?.split('\n')[1]).toBe(wanted)
    expect(result.diagnostics).toEqual([])
  })

  test.each([
    ['a host script', [post('x', {where: 'host', section: {name: 'setup', arguments: []}})], {}, 'host-script'],
    ['arguments of a section', [post('x', {section: {name: 'post', arguments: ['-c']}})], {}, 'definition-script'],
    ['a pattern', [files({kind: 'context'}, '*.c', '/x/')], {}, 'definition-copy'],
    ['a path outside', [files({kind: 'context'}, '/etc/passwd', '/x')], {}, 'definition-copy'],
    ['a missing path', [files({kind: 'context'}, 'nope', '/x')], {}, 'definition-copy'],
    ['shell code in %environment', [], {environment: {text: 'if x; then export A=1; fi', span}}, 'definition-environment'],
    ["the caller's variables", [], {environment: {text: 'export A=$HOME/x', span}}, 'definition-environment'],
    ['commands', [], {environment: {text: 'export A=$(id)', span}}, 'definition-environment'],
  ])('%s is refused', (_, steps, settings, rule) => {
    const other = {kind: 'image', reference: {transport: 'docker', name: 'someone/tool'}, span} as const
    const result = write(described(stage(0, 'a', {base: other, steps, settings})))
    expect(result.text).toBeUndefined()
    expect(result.diagnostics.map(found => `${found.severity} ${found.rule}`)).toEqual([`error ${rule}`])
  })

  test('a refusal can be waived', () => {
    const result = write(described(stage(0, 'a', {steps: [post('x', {where: 'host'})]})), 0, ['host-script'])
    expect(result.text).toBe('FROM debian:12 AS a\n')
    expect(result.diagnostics.map(found => found.severity)).toEqual(['warning'])
  })

  test.each([
    [{kind: 'local', reference: {agent: 'localimage', path: './a.sif'}, span}],
    [{kind: 'mirror', agent: 'debootstrap', span}],
    [{kind: 'image', reference: {transport: 'oras', name: 'x/y'}, span}],
  ] as const)('%j is no base for docker', base => {
    expect(write(described(stage(0, 'a', {base}))).diagnostics.map(found => found.rule)).toEqual(['base-not-docker'])
  })
})
