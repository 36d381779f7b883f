import {describe, expect, it} from 'vitest'
import {readYaml} from '../../../src/formats/yaml/read.js'
import type {Stage, Step} from '../../../src/model/description.js'
import {showTemplate} from '../../../src/model/template.js'

function read(text: string, buildArgs: Record<string, string> = {}) {
  return readYaml('stages.yaml', text, {buildArgs: new Map(Object.entries(buildArgs)), architecture: 'arm64'})
}

function stages(text: string, buildArgs?: Record<string, string>): readonly Stage[] {
  const {description, diagnostics} = read(text, buildArgs)
  expect(diagnostics.filter(found => found.severity === 'error')).toEqual([])
  return description?.stages ?? []
}

/** Findings as `line:column rule message (hint)`. */
function findings(text: string, buildArgs?: Record<string, string>) {
  return read(text, buildArgs).diagnostics.map(
    ({span, rule, message, hint}) =>
      `${span.start.line}:${span.start.column} ${rule}: ${message}${hint === undefined ? '' : ` (${hint})`}`,
  )
}

/** Steps in one line each. */
function shown(step: Step): string {
  switch (step.kind) {
    case 'run':
      return `run ${JSON.stringify(step.command)}`
    case 'copy':
      return `copy ${step.from.kind === 'stage' ? `${step.from.name}=${step.from.index} ` : `${step.from.kind} `}${step.sources.map(source => showTemplate(source.path)).join(' ')} -> ${showTemplate(step.destination?.path ?? [])}`
    case 'env':
      return `env ${step.variables.map(({name, value}) => `${name}=${showTemplate(value)}`).join(' ')}`
    case 'arg':
      return `arg ${step.name}${step.value === undefined ? '' : `=${showTemplate(step.value)}`}`
    case 'workdir':
      return `workdir ${showTemplate(step.path)}`
    case 'user':
      return `user ${showTemplate(step.user)}`
  }
}

const one = (steps: string) =>
  `sifstage: 1\nstages:\n  final:\n    from: docker://debian:12\n    steps:\n${steps.replaceAll(/^/gm, '      ')}\n`
const steps = (text: string, buildArgs?: Record<string, string>) => stages(one(text), buildArgs)[0]?.steps.map(shown)

describe('the example of the design', () => {
  const text = `sifstage: 1
args: {VERSION: "2.3"}            # --build-arg overrides
stages:                           # keys are names; order is for the reader only
  # compiles
  compiler:
    from: docker://debian:12      # or scratch, ./base.sif, {stage: other}
    steps:
      - workdir: /src
      - copy: [hello.c, Makefile]     # from the context
        to: ./
      # the program
      - run: make hello VERSION=\${VERSION}
  final:
    from: docker://debian:12
    steps:
      - copy: /src/hello
        from: compiler
        to: /usr/local/bin/hello
        expect: {kind: file, executable: true}     # optional; existence needs no words
    env: {LANG: C.UTF-8}
    labels: {org.opencontainers.image.title: hello}
    entrypoint: [/usr/local/bin/hello]
    test: hello --self-test
target: final
`
  const {description, diagnostics} = read(text)
  const [compiler, final] = description?.stages ?? []
  it('is read without a finding', () => {
    expect(diagnostics).toEqual([])
    expect(description?.target).toMatchObject({name: 'final', span: {start: {line: 24, column: 9}}})
    expect(compiler?.steps.map(shown)).toEqual([
      'arg VERSION=2.3',
      'workdir /src',
      'copy context hello.c Makefile -> /src/',
      'run {"kind":"shell","shell":["/bin/sh","-c"],"text":"make hello VERSION=${VERSION}"}',
    ])
    expect(final?.steps.map(shown)).toEqual(['arg VERSION=2.3', 'copy compiler=0 /src/hello -> /usr/local/bin/hello'])
  })
  it('keeps places and comments', () => {
    expect(compiler?.comment).toEqual([' compiles'])
    expect(compiler?.steps.map(step => step.comment)).toEqual([undefined, undefined, undefined, [' the program']])
    expect(compiler?.nameSpan).toMatchObject({start: {line: 5, column: 3}, end: {line: 5, column: 11}})
    expect(compiler?.base.span).toMatchObject({start: {line: 6, column: 11}, end: {line: 6, column: 29}})
    expect(compiler?.steps[2]).toMatchObject({
      sources: [{span: {start: {line: 9, column: 16}}}, {span: {start: {line: 9, column: 25}}}],
    })
    expect(final?.steps[1]).toMatchObject({
      from: {span: {start: {line: 17, column: 15}}},
      expect: {kind: 'file', executable: true, span: {start: {line: 19, column: 17}}},
    })
  })
  it('keeps the settings', () => {
    expect(final?.settings).toMatchObject({
      env: [{name: 'LANG', value: ['C.UTF-8']}],
      labels: [{name: 'org.opencontainers.image.title', value: ['hello']}],
      entrypoint: {value: {kind: 'exec', argv: ['/usr/local/bin/hello']}},
      test: {text: 'hello --self-test'},
    })
  })
})

describe('bases', () => {
  const base = (from: string, rest = '') =>
    stages(`sifstage: 1\n${rest}stages:\n  a: {from: debian}\n  b:\n    from: ${from}\n`)[1]?.base
  it.each([
    ['docker://debian:12', {kind: 'image', reference: {transport: 'docker', name: 'debian:12'}}],
    ['debian', {kind: 'image', reference: {transport: 'docker', name: 'debian'}}],
    ['oras://ghcr.io/x/y:1', {kind: 'image', reference: {transport: 'oras', name: 'ghcr.io/x/y:1'}}],
    ['docker-daemon:x:latest', {kind: 'image', reference: {transport: 'docker-daemon', name: 'x:latest'}}],
    ['scratch', {kind: 'scratch'}],
    ['./base.sif', {kind: 'local', reference: {agent: 'localimage', path: './base.sif'}}],
    ['../x', {kind: 'local', reference: {agent: 'localimage', path: '../x'}}],
    ['/abs/dir', {kind: 'local', reference: {agent: 'localimage', path: '/abs/dir'}}],
    ['oci:dir', {kind: 'local', reference: {agent: 'oci', path: 'dir'}}],
    ['docker-archive:x.tar', {kind: 'local', reference: {agent: 'docker-archive', path: 'x.tar'}}],
    ['{stage: a}', {kind: 'stage', name: 'a', index: 0}],
    ['{stage: nope}', {kind: 'stage', name: 'nope', index: undefined}],
    ['debian:${V}-${TARGETARCH}', {kind: 'image', reference: {transport: 'docker', name: 'debian:2.10-arm64'}}],
  ])('%s', (from, wanted) => {
    expect(base(from, 'args: {V: 2.10}\n')).toMatchObject(wanted)
  })
  it('points at what is no base', () => {
    const bad = (from: string) => findings(`sifstage: 1\nstages:\n  a:\n    from: ${from}\n`)
    expect(bad('base.sif')).toEqual(['4:11 syntax: "base.sif" would be an image of a registry. (Write ./base.sif for the file.)'])
    expect(bad('dcoker://x')).toEqual(['4:11 syntax: There is no way to fetch an image by "dcoker://". (Did you mean "docker"?)'])
    expect(bad('Debian')[0]).toContain('4:11 syntax: "Debian" is no image reference: repository name must be lowercase.')
    expect(bad('$NOPE')).toEqual([
      '4:11 syntax: The base is empty. (Name an image, a file, or scratch. A variable gets its value from "args" or --build-arg.)',
    ])
    expect(bad('{stge: a}')).toEqual([
      '4:5 syntax: "from" has no "stage". (Add it; it should be a text.)',
      '4:12 syntax: "from" has no key "stge". (Did you mean "stage"?)',
    ])
  })
  it('warns when an image is called like a stage', () => {
    expect(findings('sifstage: 1\nstages:\n  a: {from: debian}\n  b: {from: a}\n')).toEqual([
      '4:13 image-named-like-stage: "a" is an image of a registry here, not the stage of that name. (Write {stage: a} to start from the stage, or docker://a for the image.)',
    ])
  })
})

describe('steps', () => {
  it('go on from folder to folder', () => {
    expect(
      steps('- workdir: /a\n- workdir: ../b/\n- copy: [./x/, ../y]\n  to: .\n- copy: z\n  to: q/\n- copy: z\n  to: /r'),
    ).toEqual(['workdir /a', 'workdir /b', 'copy context x y -> /b/', 'copy context z -> /b/q/', 'copy context z -> /r'])
  })
  it('fill in arguments and variables, and leave those of the base open', () => {
    expect(
      steps(
        '- arg: {A: x, B: "$A-y"}\n- env: {P: "/opt/$B", Q: "<$P>"}\n- workdir: /w/$P\n- copy: $B*.c\n  to: ${B:-none}/\n- user: u$B',
      ),
    ).toEqual([
      'arg A=x',
      'arg B=x-y',
      'env P=/opt/x-y Q=<${P}>',
      'workdir /w/opt/x-y',
      'copy context x-y*.c -> /w/opt/x-y/x-y/',
      'user ux-y',
    ])
  })
  it('take quotes as text and a backslash as an escape', () => {
    expect(steps('- env: {A: "it\'s \\\\$5", B: \'"q"\'}')).toEqual(['env A=it\'s $5 B="q"'])
  })
  it('keep scalars as they are written', () => {
    expect(steps('- env: {A: 2.10, B: 0755, C: yes, D: true, E: 1e3}\n- copy: a\n  to: /x\n  chmod: 0644\n- user: 1000')).toEqual(
      ['env A=2.10 B=0755 C=yes D=true E=1e3', 'copy context a -> /x', 'user 1000'],
    )
  })
  it('run a text by the shell of the moment, a list by none', () => {
    expect(steps('- run: a\n- shell: [/bin/bash, -ec]\n- run: |\n    b $X\n    c\n- run: [d, "$e"]')).toEqual([
      'run {"kind":"shell","shell":["/bin/sh","-c"],"text":"a"}',
      'run {"kind":"shell","shell":["/bin/bash","-ec"],"text":"b $X\\nc\\n"}',
      'run {"kind":"exec","argv":["d","$e"]}',
    ])
  })
  it('write texts that are left as they are', () => {
    const [first, second] = stages(one('- write: "a $B\\n"\n  to: /etc/x.conf\n- write: {p: 1, q: 2}\n  to: /d/'))[0]?.steps ?? []
    expect(first).toMatchObject({
      from: {kind: 'inline', files: [{name: 'x.conf', text: ['a $B\n']}]},
      destination: {path: ['/etc/x.conf']},
    })
    expect(second).toMatchObject({
      from: {
        files: [
          {name: 'p', text: ['1']},
          {name: 'q', text: ['2']},
        ],
      },
      destination: {path: ['/d/']},
    })
  })
  it('copy from images too', () => {
    expect(stages(one('- copy: /bin/busybox\n  from: {image: busybox}\n  to: /bin/'))[0]?.steps[0]).toMatchObject({
      from: {kind: 'image', reference: {transport: 'docker', name: 'busybox'}},
    })
  })
})

describe('a stage that starts from another one', () => {
  it('goes on with its variables, folder and shell, wherever it stands', () => {
    const [child] = stages(
      'sifstage: 1\nstages:\n  child:\n    from: {stage: parent}\n    steps:\n      - workdir: $V\n      - run: x\n  parent:\n    from: scratch\n    steps:\n      - workdir: /p\n      - env: {V: v}\n      - shell: [/bin/bash, -c]\n',
    )
    expect(child?.steps.map(shown)).toEqual(['workdir /p/v', 'run {"kind":"shell","shell":["/bin/bash","-c"],"text":"x"}'])
  })
  it('sees the finished image of its parent', () => {
    const [, child] = stages(
      'sifstage: 1\nstages:\n  parent:\n    from: debian\n    env: {V: v}\n  child:\n    from: {stage: parent}\n    steps:\n      - workdir: /$V\n',
    )
    expect(child?.steps.map(shown)).toEqual(['workdir /v'])
  })
  it('may stand in a circle, which a check reports', () => {
    expect(stages('sifstage: 1\nstages:\n  a: {from: {stage: b}}\n  b: {from: {stage: a}}\n')).toHaveLength(2)
  })
})

describe('build arguments', () => {
  const text =
    'sifstage: 1\nargs: {A: 1, B: "$A.$C", D: null}\nstages:\n  a:\n    from: debian\n    steps:\n      - workdir: /$B$D\n'
  it('have defaults that --build-arg overrides, and no value without either', () => {
    expect(stages(text)[0]?.steps.map(shown)).toEqual(['arg A=1', 'arg B=1.', 'arg D', 'workdir /1.${D}'])
    expect(stages(text, {A: '7', D: 'd'})[0]?.steps.map(shown)).toEqual(['arg A=7', 'arg B=7.', 'arg D=d', 'workdir /7.d'])
  })
  it('that nobody declares are a warning', () => {
    expect(findings(text, {AB: '1', Z: ''})).toEqual([
      '1:1 unused-build-arg: The description declares no build argument AB. (Did you mean A?)',
      '1:1 unused-build-arg: The description declares no build argument Z. (Did you mean A?)',
    ])
  })
})

describe('mistakes are told at their place', () => {
  it.each<[string, string[]]>([
    ['', ['1:1 syntax: The description is empty. (It starts with "sifstage: 1" and goes on with "stages:".)']],
    ['# nothing\n', ['1:1 syntax: The description is empty. (It starts with "sifstage: 1" and goes on with "stages:".)']],
    ['- a\n', ['1:1 syntax: The description should be a map with "sifstage" and "stages".']],
    ['hello\n', ['1:1 syntax: The description should be a map with "sifstage" and "stages".']],
    [
      'stages: {a: {from: x}}\n',
      ['1:1 syntax: The description has no "sifstage". (Add it; it should be 1, the version of this language.)'],
    ],
    ['sifstage: 2\nstages: {a: {from: x}}\n', ['1:11 syntax: "sifstage" should be 1, the version of this language.']],
    ['sifstage: 1\n', ['1:1 syntax: The description has no "stages". (Add it; it should be a map from names to stages.)']],
    ['sifstage: 1\nstages:\n', ['2:8 syntax: "stages" should be a map from names to stages.']],
    [
      'sifstage: 1\nstages: {}\n',
      [
        '2:1 syntax: There are no stages. (A stage is a name and what it starts from, for example "final: {from: docker://debian:12}".)',
      ],
    ],
    [
      'sifstage: 1\nstagse: {}\nstages: {a: {from: x}}\n',
      ['2:1 syntax: The description has no key "stagse". (Did you mean "stages"?)'],
    ],
    [
      'sifstage: 1\nstages:\n  a:\n    form: x\n',
      [
        '3:3 syntax: The stage "a" has no "from". (Add it; it should be a text, or {stage: NAME}.)',
        '4:5 syntax: The stage "a" has no key "form". (Did you mean "from"?)',
      ],
    ],
    [
      'sifstage: 1\nstages:\n  a: x\n',
      ['3:6 syntax: The stage "a" should be a map. (Write what it starts from, for example "from: docker://debian:12".)'],
    ],
    ['sifstage: 1\nstages:\n  a: {from: [x]}\n', ['3:13 syntax: "from" should be a text, or {stage: NAME}.']],
    [one('- rnu: x'), ['6:9 syntax: Step 1 says nothing to do. (Did you mean "run"?)']],
    [
      one('- run: x\n  copy: y'),
      ['7:9 syntax: Step 1 has both "run" and "copy", and a step does one thing. (Make two steps of it.)'],
    ],
    [
      one('- make'),
      [
        '6:9 syntax: Step 1 should be a map, such as "run: COMMAND". (The kinds of steps are run, copy, add, write, env, arg, workdir, user, shell.)',
      ],
    ],
    [one('- copy: a'), ['6:9 syntax: The step "copy" has no "to". (Add it; it should be a text.)']],
    [one('- copy: [a, [b]]\n  to: /'), ['6:19 syntax: Item 2 of "copy" should be a text.']],
    [one('- copy: []\n  to: /'), ['6:15 syntax: The list "copy" is empty: there is nothing to copy.']],
    [
      one('- copy: a\n  too: /'),
      [
        '6:9 syntax: The step "copy" has no "to". (Add it; it should be a text.)',
        '7:9 syntax: The step "copy" has no key "too". (Did you mean "to"?)',
      ],
    ],
    [
      one('- copy: a\n  to: /\n  expect: {kind: dir, exe: true}'),
      [
        '8:24 syntax: "kind" should be file, directory or symlink.',
        '8:29 syntax: "expect" has no key "exe". (It knows kind, executable, min-size, max-size, sha256, arch, libraries, static.)',
      ],
    ],
    [
      one('- copy: a\n  to: /\n  chmod: 999'),
      ['8:16 syntax: "999" is no mode. (Write it in octal (0755), or as chmod(1) has it (u+x).)'],
    ],
    [
      one('- copy: $E\n  to: /\n'.replace('$E', '"$1"')),
      [
        '6:15 syntax: This source is empty, which would mean everything. (Write "." for everything, or give the variable a value.)',
      ],
    ],
    [one('- env: {A: null}'), ['6:18 syntax: "A" should be a text; an empty one is written "".']],
    [one('- env: {A B: x}'), ['6:15 syntax: The name "A B" should be a name without blanks and "=".']],
    [
      one('- workdir: /a/${B!}'),
      ['6:21 syntax: unsupported modifier (!) in substitution, in "/a/${B!}". (Write \\$ for a dollar sign.)'],
    ],
    [
      one('- write: x\n  to: /a/'),
      ['7:13 syntax: The file needs a name. (Write "to: FOLDER/NAME", or name the text: "write: {NAME: TEXT}".)'],
    ],
    [
      one('- workdir: /\n- run: x\n  mounts: [{type: cache}]'),
      ['8:18 syntax: Invalid mount target "/". (Name a folder as the target.)'],
    ],
    [one('- run: x\n  mounts: [{type: bnd, target: /a}]'), ['7:25 syntax: "type" should be bind, cache, tmpfs, secret or ssh.']],
    [
      one('- run: x\n  mounts: [{type: secret, id: a, from: b}]'),
      ['7:18 syntax: Secret mount should not have a from. (A secret comes from the command line.)'],
    ],
    [
      one('- run: x\n  mounts: [{target: /a, trget: b}]'),
      ['7:31 syntax: Item 1 of "mounts" has no key "trget". (Did you mean "target"?)'],
    ],
    [
      one('- run: x\n  script: a'),
      ['7:17 syntax: Only a text that starts with "#!" can be run as a file. (Leave "script" out; the shell runs the text.)'],
    ],
    [
      one('- add: x.tar\n  to: /'),
      [
        '6:14 syntax: "x.tar" is nothing that can be fetched. (Write a URL (https://…), or {git: REPOSITORY}. A file of the context is a copy.)',
      ],
    ],
    [one('- add: https://h/x\n  to: /\n  checksum: md5:1'), ['8:19 syntax: Unsupported digest algorithm']],
    [
      'sifstage: 1\nstages:\n  a: {from: x}\n  b:\n    file: x/Dockerfile\n',
      [
        '5:11 syntax: There is no file x/Dockerfile in the build context, or a link leads out of it. (The path is relative to the context.)',
      ],
    ],
    [
      'sifstage: 1\nsifstage: 1\nstages: {a: {from: x}}\n',
      ['2:1 syntax: The key "sifstage" stands here a second time; the first is at line 1. (Keep one of them.)'],
    ],
    [
      'sifstage: 1\nstages: {a: {from: x}}\n---\nb: 1\n',
      [
        '3:1 syntax: The file holds several YAML documents, and a description is one. (Remove the line "---", or put each into a file of its own.)',
      ],
    ],
    ['sifstage: 1\nstages:\n\ta: 1\n', ['3:1 syntax: A tab cannot be used for indentation in YAML. (Use blanks.)']],
    [
      'sifstage: 1\nstages: !x {a: {from: x}}\n',
      [
        '2:9 syntax: Unresolved tag: !x: a description uses no tags. (Remove the word that starts with "!", or put the text in quotes.)',
      ],
    ],
    [
      'sifstage: 1\nstages: {a: {from: {{ BASE }}}}\n',
      ['2:21 syntax: A key has to be a text, not a map or list. (If braces are part of a text, put it in quotes.)'],
    ],
    [
      'sifstage: 1\nstages:\n  __proto__: {from: x}\n',
      ['3:3 syntax: This cannot be a key. (If braces are part of a text, put it in quotes.)'],
    ],
    ['\0\x01\x02', ['1:1 syntax: This is no text: it holds a NUL character. (Is this really a YAML file, saved as UTF-8?)']],
  ])('%j', (text, wanted) => {
    expect(findings(text)).toEqual(wanted)
  })
  it('leaves no description after a syntax error', () => {
    expect(read('sifstage: 1\nstages:\n  a: {from: x, y: 1}\n').description).toBeUndefined()
  })
  it('lets two stages of one name through to the check', () => {
    expect(stages('sifstage: 1\nstages:\n  a: {from: x}\n  a: {from: y}\n').map(stage => stage.name)).toEqual(['a', 'a'])
  })
})

describe('the text may come from anywhere', () => {
  it('with CRLF and a BOM', () => {
    expect(
      stages(
        '\ufeffsifstage: 1\r\nstages:\r\n  a:\r\n    from: debian # x\r\n    steps:\r\n      - run: |\r\n          a\r\n          b\r\n',
      )[0]?.steps.map(shown),
    ).toEqual(['run {"kind":"shell","shell":["/bin/sh","-c"],"text":"a\\nb\\n"}'])
  })
  it('as JSON', () => {
    expect(
      stages(
        '{\n\t"sifstage": 1,\n\t"stages": {"a": {"from": "debian", "steps": [{"copy": "x", "to": "/", "expect": {"executable": true}}]}}\n}',
      )[0]?.steps[0],
    ).toMatchObject({
      expect: {executable: true},
    })
  })
  it('with aliases, but no bombs', () => {
    expect(
      stages(
        'sifstage: 1\nstages:\n  a:\n    from: debian\n    steps: &s\n      - run: x\n  b:\n    from: debian\n    steps: *s\n',
      )[1]?.steps,
    ).toHaveLength(1)
    const levels = Array.from(
      {length: 12},
      (_, i) =>
        `x${i}: &x${i} [${Array(10)
          .fill(i === 0 ? 'a' : `*x${i - 1}`)
          .join(', ')}]`,
    ).join('\n')
    expect(findings(`${levels}\nsifstage: 1\n`)[0]).toContain('syntax: The aliases (*NAME) of this file cannot be followed')
    expect(findings('sifstage: 1\nstages: &s {a: {from: x, steps: [*s]}}\n')[0]).toContain('syntax')
  })
  it.each([
    ['50 MB', 'a: b\n'.repeat(10e6)],
    ['a million brackets', '['.repeat(1e6)],
    ['half a million dashes', '- '.repeat(5e5)],
    ['much of nothing', '\n'.repeat(1e6)],
  ])('and be %s', (_, text) => {
    expect(findings(text)[0]).toMatch(/^\d+:\d+ syntax: /)
  })
})

describe('a stage of a definition file', () => {
  const text = `sifstage: 1
stages:
  build:
    from: debian
  final:
    rules: def
    definition:
      header:
        bootstrap: docker
        # the name
        from: alpine
        stage: final
      sections:
        - section: files
          arguments: from build
          text: |
            /a  /b
            /c
        - section: post
          text: |
            echo "{{ X }}" # {{ Y }}
              indented
        - section: labels
          text: a b
`
  it('means what it means there, at the places of this file', () => {
    const {description, diagnostics} = read(text.replace('"{{ X }}" ', ''))
    expect(diagnostics).toEqual([])
    const stage = description?.stages[1]
    expect(stage).toMatchObject({
      name: 'final',
      named: true,
      rules: 'def',
      index: 1,
      base: {kind: 'image', span: {start: {line: 11, column: 15}}},
    })
    expect(stage?.steps.map(step => [step.kind, step.span.start.line])).toEqual([
      ['copy', 17],
      ['copy', 18],
      ['run', 19],
    ])
    expect(stage?.steps[0]).toMatchObject({
      from: {name: 'build', index: 0, span: {start: {line: 15, column: 27}}},
      sources: [{span: {start: {line: 17, column: 13}, end: {column: 15}}}],
      destination: {span: {start: {line: 17, column: 17}}},
    })
    expect(stage?.settings.labels).toMatchObject([{name: 'a', value: ['b'], span: {start: {line: 24, column: 17}}}])
    expect(stage?.definition?.text).toBe(
      'Bootstrap: docker\n# the name\nFrom: alpine\nStage: final\n\n%files from build\n/a  /b\n/c\n%post\necho # {{ Y }}\n  indented\n%labels\na b\n',
    )
  })
  it('tells mistakes of its language at their place', () => {
    expect(findings(text)).toContainEqual(expect.stringMatching(/^21:19 syntax: /))
    expect(findings(text.replace('alpine', 'alpine\n        fron: x'))).toContainEqual(
      expect.stringMatching(/^12:9 syntax: .*Fron/),
    )
    expect(findings(text.replace('section: post', 'section: pots'))).toEqual([
      expect.stringMatching(/^19:20 syntax: "section" should be one of help,/),
    ])
    expect(findings(text.replace('stage: final', 'stage: other').replace('"{{ X }}"', ''))).toEqual([
      '12:16 syntax: The stage is called "final" here and "other" in its header. (Give both the same name.)',
    ])
  })
})
