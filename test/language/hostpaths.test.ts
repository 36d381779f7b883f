import {describe, expect, it} from 'vitest'
import {expandSource, expandStageSource, type PathTree} from '../../src/language/hostpaths.js'

/** Results below marked by no comment were printed by Apptainer 1.4.5 in a folder with these files. */
const files = [
  ...[
    'a',
    'b',
    'x y',
    'a[1].txt',
    'a1.txt',
    'q!r',
    'c~d',
    'e^f',
    '#h',
    'h#i',
    '-n',
    '.hid',
    'st*r',
    'str',
    "it's",
    'back\\slash',
  ],
  ...[
    'd$e',
    ']x',
    '~',
    'pa*t',
    'pa\\xt',
    'd/f',
    'd/.h',
    'd/back',
    'd/sub/g',
    'd2/k',
    '.hd/z',
    'n1',
    'n2',
    'n3',
    'n01',
    'n02',
    '[x]',
    'x',
  ],
  'la',
]
const links = new Map([
  ['ld', 'd'],
  ['dangle', 'nowhere'],
])

function tree(paths: readonly string[], rooted: string): PathTree {
  const clean = (path: string): string => {
    const parts: string[] = []
    for (const part of path.replace(rooted, '').split('/')) {
      if (part === '..') parts.pop()
      else if (part !== '' && part !== '.') parts.push(part)
    }
    const [first = '', ...rest] = parts
    return [links.get(first) ?? first, ...rest].join('/')
  }
  const kind = (path: string) => {
    const wanted = clean(path)
    if (paths.includes(wanted)) return 'file' as const
    return wanted === '' || paths.some(p => p.startsWith(`${wanted}/`)) ? ('directory' as const) : undefined
  }
  return {
    kind: path => (links.has(path) ? 'symlink' : kind(path)),
    kindFollowed: kind,
    names: path => {
      const folder = clean(path)
      const below = paths
        .filter(p => folder === '' || p.startsWith(`${folder}/`))
        .map(p => p.slice(folder === '' ? 0 : folder.length + 1))
      return [...new Set([...below.map(p => p.split('/')[0] ?? ''), ...(folder === '' ? links.keys() : [])])].sort()
    },
  }
}

const environment = new Map([
  ['V', 'a b'],
  ['G', 'n*'],
  ['E', ''],
  ['D', 'd'],
  ['HOME', '/home/me'],
])
const expand = (text: string) => expandSource(text, tree(files, ''), environment)

describe('a source on the host', () => {
  it.each<[string, string[]]>([
    ['n*', ['n01', 'n02', 'n1', 'n2', 'n3']],
    ['n[12]', ['n1', 'n2']],
    ['n[!1]*', ['n01', 'n02', 'n2', 'n3']],
    ['n[^1]*', ['n01', 'n02', 'n2', 'n3']],
    ['n[[:digit:]]', ['n1', 'n2', 'n3']],
    ['n?', ['n1', 'n2', 'n3']],
    ['*1.txt', ['a1.txt']],
    ['a\\[1\\].txt', ['a1.txt']],
    ['a[[]1].txt', ['a[1].txt']],
    ['[x]', ['x']],
    ['\\[x\\]', ['x']],
    ['x y', ['x y']],
    ['x\\ y', ['x\\', 'y']],
    ['q\\!r', ['q!r']],
    ['\\~', ['~']],
    ['c~d', ['c~d']],
    ['n{1,2}', ['n1', 'n2']],
    ['n{1..3}', ['n1', 'n2', 'n3']],
    ['n{01..02}', ['n01', 'n02']],
    ['n{3..1}', ['n3', 'n2', 'n1']],
    ['n{1..3..2}', ['n1', 'n3']],
    ['n{1,{2,3}}', ['n1', 'n2', 'n3']],
    ['n\\{1,2\\}', ['n1', 'n2']],
    ['n{1,2}{,x}', ['n1', 'n1x', 'n2', 'n2x']],
    ['a{,}', ['a', 'a']],
    ['{a,b', ['{a,b']],
    ['a}', ['a}']],
    ['{a}', ['{a}']],
    ['{n1,n{2,3}', ['{n1,n2', '{n1,n3']],
    ['n{1,2}}', ['n1}', 'n2}']],
    ['{n1..n3}', ['{n1..n3}']],
    ['{n1,n2..n3}', ['{n1..n2..n3}']],
    ['{n1,$V}', ['{n1,a', 'b}']],
    ['$D/{f,back}', ['d/{f,back}']],
    ['h#i', ['h#i']],
    ['\\#h', ['#h']],
    ['.h*', ['.hd', '.hid']],
    ['.*', ['.hd', '.hid']],
    ['st\\*r', ['st*r', 'str']],
    ['st[*]r', ['st*r']],
    ['$V', ['a', 'b']],
    ['${V}x', ['a', 'bx']],
    ['$G', ['n01', 'n02', 'n1', 'n2', 'n3']],
    ['$E', []],
    ['$UNSET', []],
    ['d/', ['d/']],
    ['d/.', ['d/.']],
    ['d/*', ['d/back', 'd/f', 'd/sub']],
    ['d/*/', ['d/sub/']],
    ['d/**', ['d/back', 'd/f', 'd/sub']],
    ['*/f', ['d/f', 'ld/f']],
    ['*/nothere', ['*/nothere']],
    ['nothere', ['nothere']],
    ['back\\\\slash', ['back\\slash']],
    ['d\\$e', ['d$e']],
    ['d$', ['d$']],
    ['$1', []],
    ['a\\', ['a ']],
    ['[', ['[']],
    ['n[', ['n[']],
    [']x', [']x']],
    ["it\\'s", ["it's"]],
    ['n[3-1]', ['n[3-1]']],
    ['dangl*', ['dangle']],
    ['l*', ['la', 'ld']],
    ['pa\\\\*t', ['pa\\*t']],
    ['d//f', ['d//f']],
    ['./d/./f', ['./d/./f']],
    ['~/nothere', ['/home/me/nothere']],
    ['a\tb', ['a', 'b']],
    ['n\\1', ['n1']],
    ['/abs/*', ['/abs/*']],
  ])('%j means %j', (text, matches) => {
    expect(expand(text)).toEqual({matches})
  })

  it.each([
    '`echo a`',
    '$(echo a)',
    '$((1+2))',
    'a;b',
    'a&',
    'a|b',
    '<a',
    'a>b',
    '(a)',
    '@(a|b)',
    '${V:-x}',
    '#h',
    '~root/x',
    "it's",
    '$$',
    '$PWD',
  ])('refuses %j', text => {
    expect(expand(text)).toHaveProperty('refused')
  })

  it('stays small however many braces there are', () => {
    expect(expand('{a,b}'.repeat(64))).toHaveProperty('refused')
    expect(expand('{1..1000000000}')).toHaveProperty('refused')
    expect(expand('{'.repeat(100_000))).toHaveProperty('refused')
    expect(expand(`${'*'.repeat(5000)}z`)).toEqual({matches: [`${'*'.repeat(5000)}z`]})
  })
})

describe('a source in a stage', () => {
  const stage = (text: string) => expandStageSource(text, tree(files, ''), environment)
  it.each<[string, string[]]>([
    ['d/f', ['/d/f']],
    ['/d/', ['/d/']],
    ['/d/.', ['/d/.']],
    ['/n?', ['/n1', '/n2', '/n3']],
    ['/d/../a', ['/a']],
    ['~', ['/~']],
    ['$HOME/x', ['/home/me/x']],
    ['/', ['/']],
  ])('%j means %j', (text, matches) => {
    expect(stage(text)).toEqual({matches})
  })

  it('cannot lead out of it', () => {
    expect(stage('/../a')).toHaveProperty('refused')
  })
})
