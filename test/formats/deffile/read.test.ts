import {describe, expect, it} from 'vitest'
import {readDeffile} from '../../../src/formats/deffile/read.js'
import type {CopyStep, Description} from '../../../src/model/description.js'
import {plainText} from '../../../src/model/template.js'

const header = 'Bootstrap: docker\nFrom: debian:12\n'

function read(text: string, buildArgs: Record<string, string> = {}) {
  return readDeffile('x.def', text, {buildArgs: new Map(Object.entries(buildArgs)), architecture: 'amd64'})
}

/** Reads a text that has to be readable. */
function description(text: string, buildArgs: Record<string, string> = {}): Description {
  const result = read(text, buildArgs)
  if (result.description === undefined) throw new Error(JSON.stringify(result.diagnostics, undefined, 1))
  return result.description
}

/** `line:column rule` of every finding. */
function findings(text: string, buildArgs: Record<string, string> = {}): string[] {
  return read(text, buildArgs).diagnostics.map(d => `${d.span.start.line}:${d.span.start.column} ${d.rule}`)
}

function hints(text: string): (string | undefined)[] {
  return read(text).diagnostics.map(d => d.hint)
}

function copies(text: string, buildArgs: Record<string, string> = {}): string[] {
  return description(text, buildArgs).stages.flatMap(stage =>
    stage.steps
      .filter((step): step is CopyStep => step.kind === 'copy')
      .map(step => {
        const from = step.from.kind === 'stage' ? `${step.from.name}#${step.from.index ?? '?'}: ` : ''
        const source = step.sources[0]
        const destination = step.destination === undefined ? '-' : plainText(step.destination.path)
        return `${from}${source === undefined ? '' : plainText(source.path)} -> ${destination}`
      }),
  )
}

describe('stages', () => {
  it('start at every bootstrap: in column one, in any case', () => {
    const read = description(`${header}Stage: a\n%post\n true\n\nBOOTSTRAP: localimage\nfrom: ./b.sif\n`)
    expect(read.stages.map(s => [s.name, s.named, s.base.kind])).toEqual([
      ['a', true, 'image'],
      ['stage-1', false, 'local'],
    ])
    expect(read.stages[1]?.span.start).toEqual({line: 7, column: 1})
  })

  it('may be called like a section', () => {
    expect(description(`${header}Stage: post\n`).stages[0]?.name).toBe('post')
    expect(findings(`${header}Stage: post\n`)).toEqual([])
  })

  it('are stored without the comments above the first one, carriage returns and all', () => {
    const text = `${header.replaceAll('\n', '\r\n')}%post\r\n echo\r\n`
    expect(description(`# note\n\n${text}`).text).toBe(text)
    expect(description(`# note\n${text}`).stages[0]?.comment).toEqual([' note'])
    expect(description(text).stages[0]?.steps[0]).toMatchObject({command: {kind: 'script', text: ' echo\n'}})
  })

  it('say when a line in a here-document starts one by accident', () => {
    expect(findings(`${header}%post\ncat <<E >/x\nbootstrap: yes\nE\n`)).toEqual(['6:1 syntax', '5:1 bootstrap-in-section'])
  })

  it('warn when Bootstrap: is indented', () => {
    expect(findings(' Bootstrap: docker\nFrom: a\n')).toEqual(['1:2 indented-bootstrap'])
    expect(findings(`${header}%post\n true\n Bootstrap: docker\n From: b\n`)).toEqual(['5:2 indented-bootstrap'])
    expect(findings(`${header}%post\n echo\n bootstrap: my own text\n`)).toEqual([])
  })
})

describe('what Apptainer refuses', () => {
  it.each([
    ['an empty file', '', '1:1 syntax'],
    ['comments only', '# a\n\n', '1:1 syntax'],
    ['free text', '\nhello world\n', '2:1 syntax'],
    ['a byte-order mark', `\ufeff${header}`, '1:1 syntax'],
    ['a NUL character', `${header}%post\n a\0b`, '4:3 syntax'],
    ['From before Bootstrap', 'From: a\nBootstrap: docker\n', '1:1 syntax'],
    ['a section before the header', `%post\n true\n${header}`, '1:1 syntax'],
    ['an unknown header key', 'Bootstrap: docker\nFrm: a\n', '2:1 syntax'],
    ['a header line without a colon', 'Bootstrap: docker\nFrom debian\n', '2:1 syntax'],
    ['a continued header line before a blank one', 'Bootstrap: docker\nFrom: a\\\n\nStage: b\n', '2:1 syntax'],
    ['an unknown agent', 'Bootstrap: Docker\nFrom: a\n', '1:12 syntax'],
    ['an unknown section', `${header}%pots\n`, '3:1 syntax'],
    ['an indented section', `${header}  %post\n`, '3:3 syntax'],
    ['a tab behind the name', `${header}%post\tx\n`, '3:1 syntax'],
    ['a stray % in a script', `${header}%post\n date +\\\n %Y\n`, '5:2 syntax'],
    ['an app section without a name', `${header}%apprun\n`, '3:1 syntax'],
    ['a missing build argument', `${header}%post\n echo {{ V }}\n`, '4:7 syntax'],
    ['nothing but an open quote', `${header}%files\n "\n`, '4:2 syntax'],
    ['a section of 64 KiB', `${header}%post\n${'x'.repeat(65536)}\n`, '3:1 syntax'],
  ])('%s', (_, text, finding) => {
    expect(findings(text)).toEqual([finding])
    expect(read(text).description).toBeUndefined()
  })

  it('guesses what was meant', () => {
    expect(hints(`${header}%pots\n`)[0]).toContain('Did you mean %post?')
    expect(hints('Bootstrap: docker\nFrmo: a\n')).toEqual(['Did you mean From?'])
    expect(hints('Bootstrap: docker\nfrom debian:12\n')).toEqual(['Did you mean "From: debian:12"?'])
    expect(hints('Bootstrap: docker\nFrom debian\n')).toEqual(['Did you mean "From: debian"?'])
    expect(hints('Bootstrap: docker\ngcc -o /app app.c\n')[0]).toContain('Put commands under %post')
    expect(hints('Bootstrap: Docker\nFrom: a\n')[0]).toContain('Did you mean docker?')
    expect(hints(`${header}%post\n {{ VERSON }}\n%arguments\n VERSION=1\n`)).toEqual(['Did you mean {{ VERSION }}?'])
  })

  it('takes a section just below 64 KiB, counted as Apptainer does, and joins several', () => {
    const line = '%post\n'
    const fits = `${header}${line}${'x'.repeat(65535 - line.length)}`
    expect(findings(fits)).toEqual([])
    expect(findings(`${fits}x`)).toEqual(['3:1 syntax'])
    expect(findings(`${header}${line}${'é'.repeat(40_000)}\n`)).toEqual(['3:1 syntax'])
  })

  it('reports every mistake at once', () => {
    expect(findings(`${header}Fro: x\n%pots\n%foo\n`)).toEqual(['3:1 syntax', '4:1 syntax', '5:1 syntax'])
  })
})

describe('headers', () => {
  it.each([
    [
      'Bootstrap: docker\nRegistry: ghcr.io\nNamespace: a/b\nFrom: c:1 # note\n',
      {kind: 'image', reference: {transport: 'docker', name: 'ghcr.io/a/b/c:1'}},
    ],
    ['Bootstrap: oras\nFrom: r.io/x:1\n', {kind: 'image', reference: {transport: 'oras', name: 'r.io/x:1'}}],
    ['Bootstrap: localimage\nFrom: /tmp/x\\\n  /bb\n', {kind: 'local', reference: {agent: 'localimage', path: '/tmp/x/bb'}}],
    ['Bootstrap: oci-archive\nFrom: a.tar\n', {kind: 'local', reference: {agent: 'oci-archive', path: 'a.tar'}}],
    ['Bootstrap: scratch\n', {kind: 'scratch'}],
    ['Bootstrap: debootstrap\nMirrorURL: http://x\nOSVersion: sid\n', {kind: 'mirror', agent: 'debootstrap'}],
  ])('%j', (text, base) => {
    expect(description(text).stages[0]?.base).toMatchObject(base)
    expect(findings(text)).toEqual([])
  })

  it('that stand twice count once, the last time', () => {
    const text = 'Bootstrap: docker\nFrom: a\nFrom: b\n'
    expect(description(text).stages[0]?.base).toMatchObject({kind: 'image', reference: {transport: 'docker', name: 'b'}})
    expect(findings(text)).toEqual(['2:1 repeated-header'])
    expect(findings('Bootstrap: docker\nFrom: a\nFrom: a\n')).toEqual([])
  })

  it('want From where the agent needs it', () => {
    expect(findings('Bootstrap: localimage\n')).toEqual(['1:12 missing-from'])
    expect(findings('Bootstrap: busybox\n')).toEqual(['1:12 missing-header'])
    expect(findings('Bootstrap: localimage\nFrom: a\\\n')).toEqual(['2:1 lost-header', '1:12 missing-from'])
  })
})

describe('sections', () => {
  it('come in their order of execution', () => {
    const text = `${header}%post\n p\n%files\n a\n%setup\n s\n%files from x\n b\n%pre\n e\n%post\n q\n`
    expect(
      description(text).stages[0]?.steps.map(s => (s.kind === 'copy' ? s.from.kind : s.kind === 'run' ? s.section?.name : '')),
    ).toEqual(['pre', 'stage', 'setup', 'context', 'post'])
    expect(description(text).stages[0]?.steps.at(-1)).toMatchObject({command: {text: ' p\n q\n'}, where: 'image'})
  })

  it('keep their arguments without the comment', () => {
    const text = `${header}%post -c /bin/bash # why\n true\n%runscript -e\n exec\n`
    expect(description(text).stages[0]?.steps[0]).toMatchObject({section: {name: 'post', arguments: ['-c', '/bin/bash']}})
    expect(description(text).stages[0]?.settings.runscript).toMatchObject({text: ' exec\n', arguments: ['-e']})
  })

  it('of labels split at the first blank, the last of a name counts', () => {
    const labels = description(`${header}%labels\n a  b c \n # no\n k=v\n t\tx y\n a d\n`).stages[0]?.settings.labels
    expect(labels?.map(l => [l.name, plainText(l.value)])).toEqual([
      ['a', 'd'],
      ['k=v', ''],
      ['t\tx', 'y'],
    ])
  })

  it('without any line mean nothing, with a blank line a script', () => {
    expect(description(`${header}%post`).stages[0]?.steps).toEqual([])
    expect(description(`${header}%post\n\n`).stages[0]?.steps).toHaveLength(1)
  })

  it('of apps are kept as they are', () => {
    const sections = description(`${header}%appinstall foo\n make\n%APPRUN\n`.replace('%APPRUN\n', '')).stages[0]?.definition
      ?.sections
    expect(sections).toMatchObject([{name: 'appinstall', arguments: 'foo', body: ' make\n'}])
  })
})

describe('%files', () => {
  it.each([
    ['a b', ['a -> b']],
    ['a', ['a -> -']],
    ['"x y" "/d e"', ['x y -> /d e']],
    ['""a"" b', []],
    ['{{ A }}/b /c', ['1/b -> /c']],
    ['# c\n\n a /b', ['a -> /b']],
  ])('%j', (line, wanted) => {
    const text = `${header}%files\n ${line}\n%arguments\n A=1\n`
    if (wanted.length > 0) expect(copies(text)).toEqual(wanted)
    else expect(findings(text).length).toBeGreaterThan(0)
  })

  it.each([
    ['a b /dst', '4:6 extra-words'],
    ['a # c', '4:4 extra-words'],
    ["'a b' /x", '4:2 single-quotes'],
    ['"" /x', '4:2 empty-source'],
  ])('finds %j', (line, finding) => {
    expect(findings(`${header}%files\n ${line}\n`)[0]).toBe(finding)
  })

  it.each([
    ['%files from', '3:1 ignored-section'],
    ['%files one', '3:1 ignored-section'],
    ['%files a b c', '3:1 ignored-section'],
    ['%files  ', '3:1 ignored-section'],
    ['%files foo b', '3:8 files-without-from'],
  ])('finds %j', (line, finding) => {
    expect(findings(`${header}${line}\n a\n`)).toEqual([finding])
  })

  it.each(['%files', '%files ', '%files # note', '%files from a # note', '%FILES from a'])('takes %j', line => {
    expect(findings(`${header}${line}\n a\n`)).toEqual([])
  })

  it('names the first stage of a name, itself and later ones too, but no numbers', () => {
    const text = `${header}Stage: a\n%files from b\n x\n\n${header}Stage: b\n%files from 0\n y\n%files from a\n z\n\n${header}Stage: a\n`
    expect(copies(text)).toEqual(['b#1: x -> -', '0#?: y -> -', 'a#0: z -> -'])
  })

  it('has exact spans, also behind a build argument', () => {
    const [step] =
      description(`${header}%files from {{ LONG }}\n {{ A }}/x "/y z" \n%arguments\n A=abcdefghijklmnop\n LONG=l\n`).stages[0]
        ?.steps ?? []
    if (step?.kind !== 'copy' || step.from.kind !== 'stage') throw new Error('no copy')
    expect(step.from.span).toMatchObject({start: {line: 3, column: 13}, end: {line: 3, column: 23}})
    expect(step.sources[0]?.span).toMatchObject({start: {line: 4, column: 2}, end: {line: 4, column: 11}})
    expect(step.destination?.span).toMatchObject({start: {line: 4, column: 13}, end: {line: 4, column: 17}})
  })
})

describe('build arguments', () => {
  const post = (line: string, defaults = '', args: Record<string, string> = {}) => {
    const run = description(`${header}%post\n${line}\n%arguments\n${defaults}\n`, args).stages[0]?.steps.at(-1)
    return run?.kind === 'run' && run.command.kind === 'script' ? run.command.text.replace(/\n$/, '') : undefined
  }

  it.each([
    ['{{ A }} {{A}} {{\tA }}', '1 1 1'],
    ['{{{ A }}}', '{1}'],
    ['{{ A B }} {{ .A }} {{ a.b }} {{}}', '{{ A B }} {{ .A }} {{ a.b }} {{}}'],
    ['x # {{ A }}', 'x # {{ A }}'],
    ['url#frag-{{ A }} {{ A }}', 'url#frag-{{ A }} {{ A }}'],
    ['#{{ A }}', '#1'],
    ['#! {{ A }}', '#! 1'],
    ['{{ A }}#{{ A }} x', '1#1 x'],
    ['{{ A }}#x{{ A }}', '1#x{{ A }}'],
    ['{{ E }}', '{{ A }}xy'],
  ])('%j becomes %j', (line, wanted) => {
    expect(post(line, 'A=1\nD={{ A }}x\nE={{ D }}y')).toBe(wanted)
  })

  it('given win over defaults, which hold for their own stage', () => {
    expect(post('{{ A }}', 'A=1', {A: '2'})).toBe('2')
    expect(findings(`${header}%arguments\n A=1\n\n${header}%post\n {{ A }}\n`)).toEqual(['9:2 syntax'])
  })

  it('that nothing uses are an error', () => {
    expect(findings(header, {B: '1'})).toEqual(['1:1 unused-build-arg'])
    expect(findings(`${header}%post\n # {{ B }}\n`, {B: '1'})).toEqual(['1:1 unused-build-arg'])
  })

  it('fill the stored text, and may make a section', () => {
    expect(description(`${header}%post\n{{ A }}\n`, {A: '%test\n true'}).stages[0]?.settings.test).toMatchObject({
      text: ' true\n',
    })
    expect(description(`${header}%help\n{{ A }}\n`, {A: 'x'}).text).toBe(`${header}%help\nx\n`)
    expect(findings(`${header}%help\n{{ A }}\n`, {A: '%nonsense'})).toEqual(['4:1 syntax'])
  })
})

describe('large and hostile inputs take linear time', () => {
  it.each([
    ['sections', '%a\n'.repeat(1e6)],
    ['header lines', `Bootstrap: docker\n${'a\n'.repeat(1e6)}`],
    ['stages', 'bootstrap:\n'.repeat(2e5)],
    ['braces', `${header}%post\n${'{{ '.repeat(1e6)}`],
    ['placeholders behind #', `${header}%post\n# ${'{{ A }}'.repeat(5e5)}`],
    ['file words', `${header}%files\n${'{{a'.repeat(1e4)}`],
    ['quotes', `${header}%files\n${'"a'.repeat(2e4)}`],
    ['blanks', ' '.repeat(5e6)],
  ])('%s', (_, text) => {
    const start = performance.now()
    read(text)
    expect(performance.now() - start).toBeLessThan(8000)
  })

  it('bounds what arguments can blow up', () => {
    expect(findings(`${header}%help\n${'{{ A }}'.repeat(1000)}`, {A: 'x'.repeat(100_000)})).toEqual([
      expect.stringContaining('syntax'),
    ])
  })
})
