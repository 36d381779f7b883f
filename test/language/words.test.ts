import {describe, expect, test} from 'vitest'
import {baseVariable, dollarEnd, expandWord, type Lookup} from '../../src/language/words.js'
import {literal, showTemplate, type Template} from '../../src/model/template.js'

const values: Record<string, string> = {X: 'x', EMPTY: '', P: '/usr/local/lib.tar.gz', STAR: 'a*b', V: 'a.b.c'}
const lookup: Lookup = name =>
  name in values ? literal(values[name] ?? '') : name === 'BASE' || name === 'PATH' ? baseVariable(name) : composed[name]

/** Variables that the input sets in terms of those of the base. */
const composed: Readonly<Record<string, Template>> = {
  AS: [{variable: 'BASE'}],
  MIX: ['m', {variable: 'BASE'}],
  KNOWN: [{variable: 'KNOWN', known: 'kn'}],
}

function expanded(text: string, escapeCharacter?: string): string {
  const expansion = expandWord(text, {lookup, ...(escapeCharacter === undefined ? {} : {escape: escapeCharacter})})
  return expansion.kind === 'expanded' ? showTemplate(expansion.template) : `! ${expansion.problem.message}`
}

describe('a word is expanded as BuildKit does it', () => {
  test.each([
    // K42
    ['x\\ny', 'xny'],
    ['\\$X', '$X'],
    ['"x\\ny"', 'x\\ny'],
    ['"\\$X \\" \\\\"', '$X " \\'],
    ["'$X \\'", '$X \\'],
    ["'it'\\''s'", "it's"],
    ['a"b c"d', 'ab cd'],
    ['a\\', 'a'],
    ['"a\\', '! unexpected end of statement while looking for matching double-quote'],
    // K43
    ['`id` $(id)', '`id` $(id)'],
    ['$', '$'],
    ['a$.b', 'a$.b'],
    // K44
    ['$1x', 'x'],
    ['$12x', 'x'],
    ['[$$][$@][$#][$0]', '[][][][]'],
    ['$Xé', ''],
    ['${X}é', 'xé'],
    // K45
    ['/q/$NOPE', '/q/'],
    // K46
    ['${NOPE:-w}${EMPTY:-w}${X:-w}', 'wwx'],
    ['${NOPE-w}${EMPTY-w}${X-w}', 'wx'],
    ['${NOPE:+w}${EMPTY:+w}${X:+w}', 'w'],
    ['${NOPE+w}${EMPTY+w}${X+w}', 'ww'],
    ['${NOPE:-"a b"${X}}', 'a bx'],
    ['${NOPE:-${EMPTY:-${X}}}', 'x'],
    ['${P#*/}', 'usr/local/lib.tar.gz'],
    ['${P##*/}', 'lib.tar.gz'],
    ['${P%.*}', '/usr/local/lib.tar'],
    ['${P%%.*}', '/usr/local/lib'],
    ['${P%/???.tar*}', '/usr/local'],
    ['${P/.*/!}', '/usr/local/lib!'],
    ['${V/./-}', 'a-b.c'],
    ['${V//./-}', 'a-b-c'],
    ['${V//[/-}', 'a.b.c'],
    ['${P//\\//_}', '_usr_local_lib.tar.gz'],
    ['${STAR/\\*/+}', 'a+b'],
    ['${X:?}', 'x'],
    // K47
    ['${X/p}', "! syntax error: missing '/' in ${}"],
    ['${X:=w}', '! unsupported modifier (:=) in substitution'],
    ['${}', '! syntax error: bad substitution'],
    ['${:x}', '! syntax error: bad substitution'],
    ['${{x}', '! syntax error: bad substitution'],
    ['${X', '! unsupported modifier () in substitution'],
    ['${', "! syntax error: missing '}'"],
    ['${X:-', "! syntax error: missing '}'"],
    ['${NOPE:?must}', '! NOPE: must'],
    ['${EMPTY:?}', '! EMPTY: is not allowed to be empty'],
    ['${NOPE?}', '! NOPE: is not allowed to be unset'],
    ['${!X}', '! unsupported modifier (X) in substitution'],
    ['${X^^}', '! unsupported modifier (^) in substitution'],
    ['${X:0:3}', '! unsupported modifier (:0) in substitution'],
    ["'a", '! unexpected end of statement while looking for matching single-quote'],
    // open variables
    ['/x:$PATH', '/x:${PATH}'],
    ['${BASE}y', '${BASE}y'],
    ['/x${PATH:+:$PATH}', '/x:${PATH}'],
    ['${BASE:-x$BASE}', '${BASE:-x${BASE}}'],
    ['/x${BASE:+:$BASE}', '/x${BASE:+:${BASE}}'],
    ['${BASE?must}', '${BASE?must}'],
    ['${BASE##*/}', '${BASE##*/}'],
    ['${BASE//a/$BASE}', '${BASE//a/${BASE}}'],
    ['${AS#x}${AS:-y}${AS-y}${AS+y}', '${BASE#x}${BASE:-y}${BASE}y'],
    ['${BASE#\\a}', '! invalid pattern (\\a) in substitution'],
    ['${MIX#x}', "! the value of $MIX comes from the base image and isn't known yet"],
    ['${MIX:-x}', 'm${BASE}'],
    ['${X#$BASE}', "! the value of $X comes from the base image and isn't known yet"],
    ['$KNOWN${KNOWN#k}${KNOWN:+y}', 'knny'],
  ])('%s', (text, wanted) => {
    expect(expanded(text)).toBe(wanted)
  })

  test('a backquote escapes where the directive says so', () => {
    expect(expanded('C:\\a`$X', '`')).toBe('C:\\a$X')
  })

  test('in the body of a here-document quotes are text', () => {
    const expansion = expandWord(`"$X" '$X' \\$X \\n`, {lookup, quotes: false})
    expect(expansion).toEqual({kind: 'expanded', template: [`"x" 'x' $X n`]})
  })

  test('a problem says where in the word it is', () => {
    const expansion = expandWord('abc${X^^}def', {lookup})
    expect(expansion).toMatchObject({kind: 'problem', problem: {kind: 'syntax', from: 3, to: 7}})
  })
})

describe('hostile words end quickly', () => {
  test('deep nesting is refused', () => {
    expect(expanded('${A:-'.repeat(100_000))).toBe('! substitutions are nested too deeply')
    expect(expanded(`${'${A:-'.repeat(1000)}${'}'.repeat(1000)}`)).toBe('! substitutions are nested too deeply')
  })

  test('a value does not grow without end', () => {
    let value = literal('x'.repeat(1000))
    for (let round = 0; round < 30; round += 1) {
      const expansion = expandWord('$A$A', {lookup: () => value})
      if (expansion.kind === 'problem') return
      value = expansion.template
    }
    expect.unreachable()
  })

  test('patterns do not backtrack', () => {
    const lookupLong: Lookup = () => literal('a'.repeat(20_000))
    const word = `\${A//${'*a'.repeat(300)}b/x}`
    expect(expandWord(word, {lookup: lookupLong}).kind).toBe('expanded')
  })
})

test('the end of a substitution is found without expanding it', () => {
  expect(dollarEnd('a$X b', 1)).toBe(3)
  expect(dollarEnd('${x:?y}z', 0)).toBe(7)
  expect(dollarEnd('${x^^}', 0)).toBeUndefined()
  expect(dollarEnd('${x', 0)).toBeUndefined()
})
