import {describe, expect, test} from 'vitest'
import {dockerfile} from '../../../src/formats/dockerfile/index.js'
import {problems, read, readWell, steps} from './help.js'

const runs = (text: string): string[] => steps(`FROM a\n${text}`).slice(1)

describe('lines', () => {
  test.each([
    ['K12 nothing comes between joined lines', 'RUN a\\\nb', ['run "ab"']],
    ['K12 indentation of a continuation stays', 'RUN a \\\n    b', ['run "a     b"']],
    ['K13 comments in a continuation are dropped, a backslash in them too', 'RUN a "x\\\n # c \\\ny"', ['run "a \\"xy\\""']],
    ['K14 empty lines in a continuation are skipped', 'RUN a \\\n\n  \\\n b', ['run "a    b"']],
    ['K15 the end of the file ends a continuation', 'RUN a \\', ['run "a"']],
    ['K11 blanks behind the escape do not matter', 'RUN a \\  \t\nb', ['run "a b"']],
    ['K11 two escapes do not continue', 'RUN echo \\\\\nRUN b', ['run "echo \\\\\\\\"', 'run "b"']],
    ['K5 there are no trailing comments', 'RUN echo a # b', ['run "echo a # b"']],
    ['K4 indented instructions', ' \t RUN a', ['run "a"']],
    ['K1 CR LF', 'RUN a \\\r\n b\r\nRUN c\r\n', ['run "a  b"', 'run "c"']],
    ['K27 any case', 'rUn a\nEnv A=b', ['run "a"', 'env A=b']],
  ])('%s', (_, text, wanted) => {
    expect(runs(text)).toEqual(wanted)
  })

  test('K2 a byte-order mark is no part of the first word', () => {
    expect(steps('\uFEFFFROM a')).toEqual(['FROM a'])
  })

  test('K3 a line that is too long', () => {
    expect(problems(`FROM a\nRUN ${'x'.repeat(70_000)}`)).toEqual([
      '2:1 syntax: dockerfile line greater than max allowed size of 65535 bytes',
    ])
    expect(runs(`RUN ${'x'.repeat(65_000)}`)).toHaveLength(1)
  })

  test('K9 comments go with the instruction right below them', () => {
    const [stage] = readWell('# syntax=docker/dockerfile:1\n# far\n\n# near\nFROM a\n# one\n#\n# two\n# three\nRUN x').stages
    expect(stage?.comment).toEqual(['near'])
    expect(stage?.steps[0]?.comment).toEqual(['two', 'three'])
  })
})

describe('directives (K6–K8)', () => {
  test('a backquote as the escape', () => {
    expect(steps('# escape=`\nFROM a\nRUN dir c:\\\nENV P=c:\\x`\n y=1\nCOPY a b`\n c\\')).toEqual([
      'FROM a',
      'run "dir c:\\\\"',
      'env P=c:\\x | y=1',
      'copy a b > c\\',
    ])
  })

  test.each(['\n# escape=`', '# note\n# escape=`', '# other=1\n# escape=`', '#\n# escape=`'])(
    'after %j they are plain comments',
    start => {
      expect(steps(`${start}\nFROM a\nRUN x \\\ny`)).toEqual(['FROM a', 'run "x y"'])
    },
  )

  test('twice, or another character', () => {
    expect(problems('# escape=`\n# ESCAPE = `\nFROM a')).toEqual(['2:1 syntax: only one escape parser directive can be used'])
    expect(problems('# escape=x\nFROM a')).toEqual(["1:1 syntax: invalid escape token 'x' does not match ` or \\"])
  })

  test('another front end is warned of', () => {
    expect(problems('# syntax=docker/dockerfile:1.7\nFROM a')).toEqual([])
    expect(problems('# syntax=r2d4/mocker\nFROM a')[0]).toMatch(/^1:1 foreign-syntax/)
    expect(problems('# syntax=docker/dockerfile:1-labs\nFROM a')[0]).toMatch(/^1:1 foreign-syntax: .*experimental/)
  })
})

describe('here-documents (K17–K26)', () => {
  test.each([
    [
      'alone, the body is the script',
      'RUN <<EOF\na\n  b \\\n# c\nFROM d\nEOF\nRUN x',
      ['run "a\\n  b \\\\\\n# c\\nFROM d\\n"', 'run "x"'],
    ],
    ['tabs go with <<-', 'RUN <<-EOF\n\ta\n\t\tb\n\tEOF\n', ['run "a\\nb\\n"']],
    ['with a command the shell gets it all', 'RUN <<-"X" bash\n\techo $A\n\tX', ['run "<<-\\"X\\" bash\\n\\techo $A\\nX"']],
    ['two on a line', 'RUN cat <<A <<B\na\nA\nb\nB', ['run "cat <<A <<B\\na\\nA\\nb\\nB"']],
    ['a blank before the name', 'RUN << EOF\na\nEOF', ['run "a\\n"']],
    ['a name with blanks', 'RUN cat <<"A B"\nx\nA B', ['run "cat <<\\"A B\\"\\nx\\nA B"']],
    ['not in quotes', 'RUN echo "<<EOF"', ['run "echo \\"<<EOF\\""']],
    ['not <<<', 'RUN cat <<<EOF', ['run "cat <<<EOF"']],
    ['not glued to a word', 'RUN cat<<EOF', ['run "cat<<EOF"']],
    ['not in JSON', 'RUN ["<<EOF"]', ['run ["<<EOF"]']],
    ['not where a substitution is unknown to BuildKit', 'RUN echo ${x^^} <<EOF', ['run "echo ${x^^} <<EOF"']],
    ['an escaped name is not quoted', "COPY <<E\\'O /x\n$A\nE'O", ['copy ["\\n"] E\'O > /x']],
    [
      'two files',
      'ARG A=1\nCOPY <<X <<"Y" /d/\n$A "$A" \\$A\nX\n$A\nY',
      ['arg A=1', 'copy ["1 \\"1\\" $A\\n","$A\\n"] X Y > /d/'],
    ],
  ])('%s', (_, text, wanted) => {
    expect(runs(`${text.startsWith('COPY <<E') ? 'ENV A=\n' : ''}${text}`).filter(line => line !== 'env A=')).toEqual(wanted)
  })

  test('files and here-documents of one COPY', () => {
    expect(runs('COPY f <<X g /d/\nx\nX')).toEqual(['copy f g > /d/', 'copy ["x\\n"] X > /d/'])
  })

  test('without an end', () => {
    expect(problems('FROM a\n RUN cat <<A <<B\nA\n B\nB ')).toEqual([
      '2:2 syntax: unterminated heredoc: the line "B" that ends it is missing',
    ])
  })

  test('as a destination', () => {
    expect(problems('FROM a\nCOPY a <<B\nB')).toEqual(['2:8 syntax: COPY cannot accept a heredoc as a destination'])
  })

  test('CR LF stays in the body, with a warning', () => {
    const text = 'FROM a\r\nRUN <<EOF\r\na\r\nEOF\r\n'
    expect(steps(text)).toEqual(['FROM a', 'run "a\\r\\n"'])
    expect(problems(text)[0]).toMatch(/^3:1 heredoc-crlf/)
  })

  test('a span goes to the end of the body', () => {
    const [stage] = readWell('FROM a\nRUN <<EOF\nx\nEOF\nRUN y').stages
    expect(stage?.steps[0]?.span).toMatchObject({start: {line: 2, column: 1}, end: {line: 4, column: 4}})
  })

  test("the base's variables stay open", () => {
    expect(runs('COPY <<X /c\n$host \\$x "${y:-1}"\nX')).toEqual(['copy ["${host} $x \\"${y:-1}\\"\\n"] X > /c'])
  })

  test('a script with its own interpreter is a file (K23)', () => {
    const text = 'SHELL ["/bin/bash", "-c"]\nRUN <<-"E F"\n\t#!/bin/ash\n\tx $A\n\tE F'
    expect(runs(text)).toEqual(['run E F: "#!/bin/ash\\nx $A\\n"'])
    expect(readWell(`FROM a\n${text}`).stages[0]?.steps[0]).toMatchObject({command: {kind: 'file', shell: ['/bin/bash', '-c']}})
    expect(runs('RUN sh <<E\n#!/bin/ash\nE')).toEqual(['run "sh <<E\\n#!/bin/ash\\nE"'])
  })
})

describe('files that are none (K10)', () => {
  test.each([
    ['', '1:1 syntax: the Dockerfile cannot be empty'],
    [' \n\n', '1:1 syntax: the Dockerfile cannot be empty'],
    ['# a\n', '1:1 syntax: file with no instructions: it has comments only'],
    ['ARG A\n', '1:1 syntax: dockerfile contains no stages to build'],
    ['ARG A\n RUN x', '2:2 syntax: no build stage in current context: RUN comes before FROM'],
    ['FROM a\nRUN\0', '2:4 syntax: this is no text: it has a NUL byte'],
    ['FROM a\nFOO b', '2:1 syntax: unknown instruction: FOO'],
    ['FORM a', '1:1 syntax: unknown instruction: FORM'],
    ['FROM a\nEXEC', '2:1 syntax: unknown instruction: EXEC'],
  ])('%j', (text, wanted) => {
    expect(problems(text)).toEqual([wanted])
    expect(read(text).description).toBeUndefined()
  })

  test('a near miss is named', () => {
    expect(read('FORM a').diagnostics[0]?.hint).toBe('Did you mean FROM?')
  })
})

test('a Dockerfile is known by its name or its first word', () => {
  for (const name of ['Dockerfile', 'containerfile', 'app.Dockerfile', 'Dockerfile.gpu', 'DOCKERFILE.x'])
    expect(dockerfile.matchesName(name)).toBe(true)
  for (const name of ['Dockerfile.def', 'Dockerfiles', 'x.def', 'MyContainerfile'])
    expect(dockerfile.matchesName(name)).toBe(false)
  expect(dockerfile.matchesText('# c\n\n  from x')).toBe(true)
  expect(dockerfile.matchesText('ARG X')).toBe(true)
  expect(dockerfile.matchesText('Bootstrap: docker\nFrom: x')).toBe(false)
})
