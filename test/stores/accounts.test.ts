import {chmodSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, beforeEach, expect, it} from 'vitest'
import type {BuildAccount} from '../../src/model/account.js'
import {findAccount, keepAccount} from '../../src/stores/accounts.js'
import {ownIdentity} from '../../src/system/identity.js'

const parent = mkdtempSync(join(tmpdir(), 'sifstage-accounts-'))
afterAll(() => rmSync(parent, {recursive: true}))
let store: string
beforeEach(() => {
  store = mkdtempSync(join(parent, 'store-'))
})
const owner = ownIdentity()

function account(target: string): BuildAccount {
  return {
    version: 1,
    input: 'a.def',
    target,
    started: '2026-01-02T03:04:05.000Z',
    seconds: 1,
    status: 'ok',
    engine: {name: 'apptainer', version: '1'},
    stages: [
      {name: target, status: 'built', start: 0, end: 1, notes: [], steps: [], artifacts: [], tail: ['done'], hasMore: false},
    ],
    diagnostics: [],
  }
}
const onlyFile = () => join(store, 'builds', readdirSync(join(store, 'builds'))[0] ?? '')

it('an account is found again by input and target, and is for its owner alone', async () => {
  await keepAccount(store, '/p/a.def', account('one'), owner)
  await keepAccount(store, '/p/a.def', account('two'), owner)
  expect(await findAccount(store, '/p/a.def', 'one')).toEqual(account('one'))
  expect(await findAccount(store, '/p/a.def', 'two')).toEqual(account('two'))
  expect(await findAccount(store, '/p/b.def', 'one')).toBe('this store has no account of a build of it')
  expect(statSync(onlyFile()).mode & 0o777).toBe(0o600)
})

it('the oldest make way', async () => {
  for (const [i, name] of ['one', 'two', 'three'].entries()) {
    await keepAccount(store, '/p/a.def', account(name), owner, 2)
    for (const file of readdirSync(join(store, 'builds'))) {
      const path = join(store, 'builds', file)
      // As if each were written a minute after the one before it.
      if (statSync(path).mtimeMs > 1_000_000_000) utimesSync(path, 1000 + 60 * i, 1000 + 60 * i)
    }
  }
  expect(await findAccount(store, '/p/a.def', 'one')).toBeTypeOf('string')
  expect(await findAccount(store, '/p/a.def', 'two')).toEqual(account('two'))
  expect(await findAccount(store, '/p/a.def', 'three')).toEqual(account('three'))
})

it.each([
  ['{', /damaged/],
  ['[]', /version/],
  [JSON.stringify({...account('one'), version: 2}), /version/],
  [JSON.stringify({...account('one'), stages: [{name: 'x'}]}), /version/],
  [JSON.stringify({...account('one'), stages: {map: 1}}), /version/],
  [JSON.stringify({...account('one'), output: {path: 1}}), /version/],
])('what was not written here is told and not used: %s', async (text, words) => {
  await keepAccount(store, '/p/a.def', account('one'), owner)
  writeFileSync(onlyFile(), text)
  expect(await findAccount(store, '/p/a.def', 'one')).toMatch(words)
})

it('a store that cannot be written has none, without a word', async () => {
  writeFileSync(join(store, 'builds'), 'in the way')
  await keepAccount(store, '/p/a.def', account('one'), owner)
  expect(await findAccount(store, '/p/a.def', 'one')).toBeTypeOf('string')
  chmodSync(store, 0o555)
  await keepAccount(store, '/p/a.def', account('one'), owner)
  chmodSync(store, 0o755)
})
