/** docs/errors.md is what the sources say, and every entry of it is raised by a test. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {catalogue, errorsPage} from '../../scripts/errors.mjs'
import {root} from '../support/engine.js'
import {entries} from '../support/errors.js'
import {UNREACHED} from './unreached.js'

const tests = join(root, 'test')
const raised = new Set(
  readdirSync(tests, {recursive: true, encoding: 'utf8'})
    .filter(name => name.endsWith('.test.ts'))
    .flatMap(name =>
      [...readFileSync(join(tests, name), 'utf8').matchAll(/\b(?:types\(\s*work,|raises\(|reaches\()\s*'([a-z0-9-]+)'/g)].map(
        match => match[1] ?? '',
      ),
    ),
)

describe('docs/errors.md', () => {
  it('is what npm run docs makes', () => {
    expect(readFileSync(join(root, 'docs/errors.md'), 'utf8'), 'npm run docs').toBe(errorsPage(catalogue(root)))
  })
  it('has each message once, and each with something to do', () => {
    expect(new Set(entries.map(entry => entry.id)).size).toBe(entries.length)
    expect(entries.length).toBeGreaterThan(180)
    expect(entries.filter(entry => entry.hints.every(hint => hint === undefined)).map(entry => entry.message)).toEqual([])
  })
})

describe('every entry', () => {
  const ids = new Set(entries.map(entry => entry.id))
  it('is raised by a test, or has a reason why not', () => {
    expect([...ids].filter(id => !raised.has(id) && UNREACHED[id] === undefined)).toEqual([])
  })
  it('that a test or a reason names is there', () => {
    expect([...raised, ...Object.keys(UNREACHED)].filter(id => !ids.has(id))).toEqual([])
    expect(Object.keys(UNREACHED).filter(id => raised.has(id))).toEqual([])
  })
})
