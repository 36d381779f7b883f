import dockerignore from '@balena/dockerignore'
import {describe, expect, test} from 'vitest'
import {parseIgnore} from '../../src/language/ignore.js'

describe('.dockerignore', () => {
  test.each([
    // K107
    ['# c\n  #x\n', '#x', 2],
    ['\uFEFFa', 'a', 1],
    ['  ./g  ', 'g', 1],
    ['d/', 'd/x', 1],
    ['a/../c', 'c', 1],
    ['/f', 'f', 1],
    ['\\#x', '#x', 1],
    ['a\r\nb\r\n', 'b', 2],
    // K108
    ['foo', 'foo', 1],
    ['foo', 'x/foo', undefined],
    ['**/foo', 'x/y/foo', 1],
    ['**/foo', 'foo', 1],
    ['*.md', 'a.md', 1],
    ['*.md', 'd/a.md', undefined],
    ['a?', 'ab', 1],
    ['[a-c]', 'b', 1],
    ['d/**', 'd/e/f', 1],
    ['d/**', 'd', undefined],
    ['a/**/b', 'a/b', 1],
    ['a/**/b', 'a/x/y/b', 1],
    ['**', 'any/thing', 1],
    ['**z', 'x/yz', 1],
    // Here @balena/dockerignore looks at one of the folders only; the library at all (MatchesOrParentMatches).
    ['**z', 'x/z/y', 1],
    // K109
    ['d', 'd/e/f', 1],
    ['*\n!d/a', 'd/a', undefined],
    ['*\n!d/a', 'd/b', 1],
    ['!d\n*', 'd', 2],
    ['*\n!**/*.txt', 'x/y.txt', undefined],
  ])('%j and %s: line %s', (text, path, line) => {
    const verdict = parseIgnore(text).hides(path)
    expect(verdict.hidden ? verdict.line : undefined).toBe(line)
  })

  test('a line that shows a path again is named', () => {
    expect(parseIgnore('*\n!d/a').hides('d/a')).toEqual({hidden: false, line: 2})
    expect(parseIgnore('*').hides('d/a')).toEqual({hidden: true, line: 1})
    expect(parseIgnore('').hides('a')).toEqual({hidden: false})
  })

  test('what Docker would fail with is reported, with its line', () => {
    expect(parseIgnore('a\n!\n[b').problems).toEqual([
      {line: 2, message: 'illegal exclusion pattern: "!"'},
      {line: 3, message: 'syntax error in pattern "[b"'},
    ])
  })

  test('@balena/dockerignore agrees', () => {
    const files = [
      '*\n!src\nsrc/*.log\n',
      '**/node_modules\n**/*.o\n!keep/**/*.o\n',
      'a*/b?\n/c/d\n./e\nf/\n',
      '*/temp*\n*/*/temp*\ntemp?\n',
      '*.md\n!README*.md\nREADME-secret.md\n',
      'x/**/y\n!x/z/y\n',
      '[a-b]*\n!b/c\nd[^e]\n',
      '**/.git\n.git*\n!.gitignore\n',
      'docs/**\n!docs/**/*.txt\n',
    ]
    const paths = `a ab a/b a/b/c a1/b2 b b/c c/d e f/g f src src/x src/x.log src/d/x.log node_modules/p/q x/node_modules/r k.o
      d/k.o keep/k.o keep/a/k.o temp tempo s/temp s/t/temp1 README.md README-x.md README-secret.md x/y x/z/y x/a/b/y yz q/z
      de df .git/HEAD .gitignore s/.git/x docs docs/a.txt docs/a/b.txt docs/a.md`.split(/\s+/)
    for (const text of files) {
      const ours = parseIgnore(text)
      const oracle = dockerignore({ignorecase: false}).add(text)
      for (const path of paths) {
        expect(`${JSON.stringify(text)} ${path} ${ours.hides(path).hidden}`).toBe(
          `${JSON.stringify(text)} ${path} ${oracle.ignores(path)}`,
        )
      }
    }
  })
})
