import {createHash} from 'node:crypto'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import type {BuildAccount} from '../../src/model/account.js'
import {html} from '../../src/reports/html/markup.js'
import {reportPage} from '../../src/reports/html/page.js'
import type {Page} from '../../src/reports/html/page-model.js'
import {mostAtOnce} from '../../src/reports/html/timeline.js'
import {planOf} from './graphs.js'

/** A page with all its parts, in which every text that comes from elsewhere is `odd`. */
function pageOf(odd: string): Page {
  const plan = planOf([
    {name: odd, cached: true},
    {name: 'final', base: odd, takes: {[odd]: [odd, '/b']}, why: odd},
  ])
  const finding = {
    rule: 'artifact-missing',
    severity: 'error',
    message: odd,
    hint: odd,
    file: odd,
    line: 3,
    column: 4,
    endLine: 3,
    endColumn: 5,
    excerpt: [odd, '^~~'],
  } as const
  const artifact = {path: odd, wantedBy: [odd], status: 'failed', matches: [odd], kind: 'file', bytes: 5} as const
  const steps = [
    {title: odd, line: 2, start: 0, seconds: 1, ok: true},
    {title: odd, start: 1, ok: false},
  ]
  const build: BuildAccount = {
    version: 1,
    input: odd,
    target: 'final',
    started: odd,
    seconds: 3,
    status: 'failed',
    engine: {name: odd, version: odd},
    output: {path: `/x/${odd}`, bytes: 7, digest: odd},
    stages: [
      {
        name: odd,
        status: 'failed',
        start: 0,
        end: 2,
        notes: [odd],
        steps,
        artifacts: [artifact],
        tail: [odd],
        hasMore: true,
        log: odd,
      },
      {name: 'final', status: 'not-run', notes: [], steps: [], artifacts: [], tail: [], hasMore: false},
    ],
    diagnostics: [finding],
  }
  const stage = {base: {kind: 'image', reference: odd}, bytes: 1, files: 2, imageBytes: 3, seconds: 4} as const
  return {
    report: {
      input: odd,
      target: 'final',
      stages: [
        {name: odd, cached: true, ...stage},
        {name: 'final', cached: false, why: odd, ...stage},
      ],
      artifacts: [{stage: odd, path: odd, wantedBy: [odd], matches: [odd], kind: 'file', bytes: 5}],
      tuning: [{stage: odd, flag: odd, needs: 'native', file: odd, line: 1}],
      saved: {finalBytes: 1, largest: {stage: odd, bytes: 2}, sumBytes: 3},
      image: {
        name: odd,
        from: 'image',
        findings: {},
        sections: [
          {title: odd, head: [odd, odd], rows: [[odd, {bytes: 1}]]},
          {title: 'b', rows: [[odd]]},
        ],
      },
      diagnostics: [],
    },
    plan: plan.stages,
    build,
    findings: [{...finding, severity: 'warning', message: `now ${odd}`}],
    version: '0.1.0',
  }
}

/** The tags of a page, each closed by itself; what is wrong with them is thrown. */
function tagsOf(page: string): {name: string; attributes: Map<string, string>}[] {
  const open: string[] = []
  const tags: {name: string; attributes: Map<string, string>}[] = []
  const body = page.replace(/^<!DOCTYPE html>\n/, '').replace(/<style>[^<]*<\/style>/, '<style></style>')
  for (const [whole, close, name = '', attributes = '', self] of body.matchAll(
    /<(\/?)([a-z0-9]+)((?:\s+[\w-]+(?:="[^"<>]*")?)*)\s*(\/?)>|<|>/g,
  )) {
    if (name === '') throw new Error(`a loose ${whole}`)
    if (close === '/') {
      const last = open.pop()
      if (last !== name) throw new Error(`${name} closes ${last}`)
      continue
    }
    tags.push({
      name,
      attributes: new Map(
        Array.from(attributes.matchAll(/([\w-]+)(?:="([^"]*)")?/g), ([, key = '', value = '']) => [key, value]),
      ),
    })
    if (self !== '/' && name !== 'meta') open.push(name)
  }
  if (open.length > 0) throw new Error(`never closed: ${open.join(' ')}`)
  return tags
}

const hostile = [
  '</script><script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "' onmouseover='alert(1)",
  '</style><style>*{display:none}',
  '</title></svg><a href="javascript:alert(1)">',
  '&lt;b&gt; &amp;amp;',
  'https://example.com/x?a=1&b=2',
  'a\u0000b\u001b[31mc\u007f\u202eevil\u2066\ud800',
  'שלום עולם',
  `${'long/'.repeat(200)}`,
  '<!-- --> ]]> {{x}} ${x}',
]

describe('whatever the inputs say', () => {
  it.each(hostile)('%j is text', odd => {
    const page = reportPage(pageOf(odd))
    const tags = tagsOf(page)
    // As many tags as with a word: nothing was made of the text.
    expect(tags.map(each => each.name)).toEqual(tagsOf(reportPage(pageOf('word'))).map(each => each.name))
    expect(page).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f\u202a-\u202e\u2066-\u2069]/)
    expect(page.isWellFormed()).toBe(true)
  })

  it('any text at all', () => {
    const names = tagsOf(reportPage(pageOf('word'))).map(each => each.name)
    fc.assert(
      fc.property(fc.string({unit: 'binary', minLength: 1, maxLength: 30}), odd => {
        // A stage cannot have the name of another.
        fc.pre(odd !== 'final')
        expect(tagsOf(reportPage(pageOf(odd))).map(each => each.name)).toEqual(names)
      }),
      {numRuns: 40},
    )
  })

  it('a value can be put nowhere but as text', () => {
    expect(html`<a title="${'"<&'}">${[`'`, html`<b>${1}</b>`, undefined]}</a>`.text).toBe(
      '<a title="&quot;&lt;&amp;">&#39;<b>1</b></a>',
    )
  })
})

describe.each([
  ['with all its parts', pageOf('word')],
  ['never built', {...pageOf('word'), build: 'this store has no account of a build of it'}],
  [
    'an image alone',
    {...pageOf('word'), build: undefined, plan: [], report: {stages: [], artifacts: [], tuning: [], diagnostics: []}},
  ],
] satisfies [string, Page][])('a page %s', (_, page) => {
  const text = reportPage(page)
  const tags = tagsOf(text)
  const values = (name: string) => tags.flatMap(({attributes}) => attributes.get(name) ?? [])

  it('names everything once, and refers to what is there', () => {
    const ids = values('id')
    expect(new Set(ids).size).toBe(ids.length)
    for (const link of values('href')) expect(ids).toContain(link.replace(/^#/, ''))
    for (const label of values('aria-labelledby').flatMap(each => each.split(' '))) expect(ids).toContain(label)
  })

  it('needs nothing from elsewhere, and could not have it', () => {
    expect(tags.filter(({name}) => ['script', 'img', 'link', 'iframe', 'object'].includes(name))).toEqual([])
    expect(values('src')).toEqual([])
    expect(values('style')).toEqual([])
    const [, style = ''] = /<style>([^<]*)<\/style>/.exec(text) ?? []
    expect(style).not.toMatch(/url\(|@import|https?:/)
    const hash = createHash('sha256').update(style).digest('base64')
    expect(text).toContain(`content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`)
  })

  it('has landmarks, headings in order and names for what has none', () => {
    for (const name of ['header', 'nav', 'main', 'footer', 'h1']) expect(tags.filter(each => each.name === name)).toHaveLength(1)
    const levels = tags.flatMap(({name}) => (/^h\d$/.test(name) ? [Number(name[1])] : []))
    for (const [i, level] of levels.entries()) expect(level).toBeLessThanOrEqual((levels[i - 1] ?? 0) + 1)
    for (const {name, attributes} of tags) {
      if (name === 'svg') expect(['aria-label', 'aria-labelledby', 'aria-hidden'].some(each => attributes.has(each))).toBe(true)
      if (name === 'th') expect(attributes.get('scope')).toMatch(/^(row|col)$/)
      if (attributes.get('role') === 'region') expect(attributes.get('aria-label')).not.toBe('')
    }
  })
})

it('says what stands where there was no build', () => {
  const text = reportPage({...pageOf('word'), build: 'this store has no account of a build of it'})
  expect(text).toContain('There is no timeline: this store has no account of a build of it.')
  expect(text).not.toContain('<h2 id="logs">')
})

it('counts what ran side by side', () => {
  expect(mostAtOnce([])).toBe(0)
  expect(
    mostAtOnce([
      {start: 0, end: 1},
      {start: 1, end: 2},
    ]),
  ).toBe(1)
  expect(
    mostAtOnce([
      {start: 0, end: 5},
      {start: 1, end: 2},
      {start: 1.5, end: 4},
      {start: 3, end: 6},
    ]),
  ).toBe(3)
})
