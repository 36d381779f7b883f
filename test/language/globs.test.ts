import picomatch from 'picomatch'
import {describe, expect, test} from 'vitest'
import {escapeGlob, parseGlob} from '../../src/language/globs.js'

function matches(pattern: string, path: string): boolean | string {
  const glob = parseGlob(pattern)
  switch (glob.kind) {
    case 'literal':
      return glob.path === path
    case 'pattern':
      return glob.matches(path)
    case 'bad':
      return 'bad'
  }
}

describe("a pattern is Go's filepath.Match", () => {
  test.each([
    ['*', 'a', true],
    ['*', '.hidden', true],
    ['*', 'a/b', false],
    ['p/**/z.txt', 'p/a/z.txt', true],
    ['p/**/z.txt', 'p/z.txt', false],
    ['p/**/z.txt', 'p/a/b/z.txt', false],
    ['?', '/', false],
    ['a[1].txt', 'a1.txt', true],
    ['a[[]1].txt', 'a[1].txt', true],
    ['[!b]', '!', true],
    ['[!b]', 'b', true],
    ['[!b]', 'c', false],
    ['[^b]', 'c', true],
    ['[^b]', 'b', false],
    ['[a-c]x', 'bx', true],
    ['[\\]a]*', ']', true],
    ['{a,b}*', 'a', false],
    ['{a,b}*', '{a,b}', true],
    ['a\\*b', 'a\\*b', true],
    ['a\\*b*', 'a*b', true],
    ['*é?', 'aé😀', true],
    ['[', '', 'bad'],
    ['[a', '', 'bad'],
    ['[]a]', '', 'bad'],
    ['[a-]', '', 'bad'],
    ['[-a]', '', 'bad'],
    ['[^]', '', 'bad'],
    ['*\\', '', 'bad'],
  ])('%s and %s: %s', (pattern, path, wanted) => {
    expect(matches(pattern, path)).toBe(wanted)
  })

  test('picomatch agrees where it can', () => {
    const options = {dot: true, noglobstar: true, nobrace: true, noextglob: true, nonegate: true}
    const paths = ['a', 'b', '.h', 'ab', 'a.c', 'd/a', 'd/.h', 'd/e/f', '{a,b}', 'a+b', '(x)']
    for (const pattern of ['*', '?', '*.c', 'd/*', '*/*', 'd/?', '[ab]', '[a-b]b', '[^a]', 'a*', '{a,b}*', '*/e/*']) {
      const oracle = picomatch(pattern, options)
      for (const path of paths) expect(`${pattern} ${path} ${matches(pattern, path)}`).toBe(`${pattern} ${path} ${oracle(path)}`)
    }
  })

  test('the folders in front of the first wildcard are told', () => {
    expect(parseGlob('no/such/a*/b')).toMatchObject({kind: 'pattern', prefix: 'no/such'})
    expect(parseGlob('*')).toMatchObject({prefix: ''})
    expect(parseGlob('/a*')).toMatchObject({prefix: ''})
  })

  test('many stars do not take long', () => {
    expect(matches(`${'*a'.repeat(200)}b`, 'a'.repeat(2000))).toBe(false)
  })

  test('a name can be written as a pattern that means only itself', () => {
    for (const name of ['a', 'a[1]', 'x*y', '?', 'b\\c*']) expect(matches(escapeGlob(name), name)).toBe(true)
  })
})
