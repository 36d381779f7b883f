import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {Listing} from '../../src/images/listing.js'
import type {ImageEntry} from '../../src/model/image.js'
import {baseName, climbsOut, folderOf, joinPath, movedPath, namePattern, pathParts, resolvedPath} from '../../src/model/paths.js'

/** Names as images have them: anything but `/` and NUL, the oddest most often. */
const name = fc
  .oneof(fc.constantFrom('a', 'b', '...', ' ', '*', 'a\nb', '-', '$&'), fc.string({minLength: 1, maxLength: 6}))
  .filter(each => !/[/\0]/.test(each) && each !== '.' && each !== '..')
const names = fc.array(name, {maxLength: 4})
const pathOf = (parts: readonly string[]) => parts.reduce(joinPath, '/')

describe('the names of a path', () => {
  it('come back from the path they were joined to', () => {
    fc.assert(
      fc.property(names, parts => {
        expect(pathParts(pathOf(parts))).toEqual(parts)
      }),
    )
  })

  it('are a folder and a last one, which joined are the path', () => {
    fc.assert(
      fc.property(names, name, (parts, last) => {
        const path = pathOf([...parts, last])
        expect([folderOf(path), baseName(path)]).toEqual([pathOf(parts), last])
        expect(joinPath(folderOf(path), baseName(path))).toBe(path)
      }),
    )
  })

  it('leave out what leads nowhere, and keep ..', () => {
    expect(pathParts('//a/./b/../')).toEqual(['a', 'b', '..'])
    expect(pathParts('')).toEqual([])
  })
})

describe('odd paths', () => {
  it('the root lies in itself and has no name', () => {
    expect([folderOf('/'), baseName('/')]).toEqual(['/', ''])
  })

  it('what ends in / has no last name', () => {
    expect([folderOf('/a/b/'), baseName('/a/b/')]).toEqual(['/a/b', ''])
  })

  it('a bare name is its own last name', () => {
    expect(baseName('gcc')).toBe('gcc')
  })

  it('a / at the end of a folder is kept as it is', () => {
    expect(joinPath('/a/', 'b')).toBe('/a//b')
  })
})

describe('climbing out', () => {
  it.each([
    ['a/../..', true],
    ['/..', true],
    ['a/../../a', true],
    ['a/..', false],
    ['./a//../b', false],
    ['..a/...', false],
    ['', false],
  ])('%j: %j', (path, climbs) => {
    expect(climbsOut(path)).toBe(climbs)
  })
})

describe('moving', () => {
  it('puts what lies below one folder below another, and back', () => {
    fc.assert(
      fc.property(names, names, names, (from, to, rest) => {
        const [old, fresh] = [pathOf(from), pathOf(to)]
        const path = pathOf([...from, ...rest])
        expect(movedPath(path, old, fresh)).toBe(pathOf([...to, ...rest]))
        expect(movedPath(movedPath(path, old, fresh), fresh, old)).toBe(path)
      }),
    )
  })
})

describe('patterns of names', () => {
  it.each([
    ['libmpi.so*', 'libmpi.so.40', true],
    ['libmpi.so*', 'libmpixso', false],
    ['*', '', true],
    ['?', '', false],
    ['a?c', 'a\nc', true],
    ['a**c', 'ac', true],
    ['[ab]', 'a', false],
    ['[ab]', '[ab]', true],
    ['libc', 'libc.so', false],
  ])('%j and %j: %j', (pattern, text, matches) => {
    expect(namePattern(pattern).test(text)).toBe(matches)
  })

  it('a name without * and ? matches itself and nothing else', () => {
    const plain = name.filter(each => !/[*?]/.test(each))
    fc.assert(
      fc.property(plain, plain, (one, other) => {
        expect(namePattern(one).test(other)).toBe(one === other)
      }),
    )
  })

  it('a ? for any character still matches, and so does a * for any stretch', () => {
    fc.assert(
      fc.property(name, fc.nat(), fc.nat(), (text, from, length) => {
        const start = from % text.length
        const end = start + 1 + (length % (text.length - start))
        const plain = (part: string) => part.replace(/[*?]/g, '?')
        expect(namePattern(`${plain(text.slice(0, start))}?${plain(text.slice(start + 1))}`).test(text)).toBe(true)
        expect(namePattern(`${plain(text.slice(0, start))}*${plain(text.slice(end))}`).test(text)).toBe(true)
      }),
    )
  })
})

describe('following links', () => {
  const entry = {mode: 0o755, uid: 0, gid: 0, size: 0}
  const entries: ImageEntry[] = [
    {...entry, path: '/usr/lib', kind: 'directory'},
    {...entry, path: '/lib', kind: 'symlink', link: 'usr/lib'},
    {...entry, path: '/gone', kind: 'symlink', link: '/nowhere'},
  ]
  const tree = new Listing(entries)

  it.each([
    ['/lib', '/usr/lib'],
    ['/usr/lib', '/usr/lib'],
    ['/gone', '/gone'],
    ['/nothing/there', '/nothing/there'],
  ])('%s leads to %s', (path, to) => {
    expect(resolvedPath(tree, path)).toBe(to)
  })
})
