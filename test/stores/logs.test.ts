import {mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterEach, beforeEach, expect, it} from 'vitest'
import type {Identity} from '../../src/model/ports.js'
import {stageLogs} from '../../src/stores/logs.js'

let folder: string
let time: number
let troubles: string[]
const owner: Identity = {user: 'me', uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0, home: '/'}
const logsOf = (input = '/project/Dockerfile') =>
  stageLogs(folder, {owner, input, now: () => time, onTrouble: text => troubles.push(text)})

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sifstage-logs-'))
  time = Date.UTC(2026, 0, 2, 3, 4, 5, 6)
  troubles = []
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

async function run(text: string, stage = 'compiler', input?: string): Promise<string> {
  const log = await logsOf(input).open(stage)
  log.write(text)
  await log.close()
  time += 1000
  return log.path ?? ''
}

it('keeps all of a run, for its owner alone, under a name that tells what it is of', async () => {
  const path = await run('one\ntwo')
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
  expect(path).toMatch(/\/logs\/Dockerfile-compiler-[0-9a-f]{8}-20260102T030405\.006-[0-9a-f]{4}\.log$/)
})

it('keeps the last five runs of a stage, whatever others have', async () => {
  const other = await run('other', 'compiler', '/elsewhere/Dockerfile')
  const paths: string[] = []
  for (let each = 0; each < 7; each += 1) paths.push(await run(String(each)))
  await logsOf().thin()
  const left = readdirSync(join(folder, 'logs')).map(name => join(folder, 'logs', name))
  expect(left.sort()).toEqual([other, ...paths.slice(2)].sort())
})

it('removes what is older than 30 days, and logs that an earlier version left then', async () => {
  const path = await run('old')
  const young = await run('young', 'final')
  const earlier = join(folder, 'logs', 'Dockerfile-compiler-12345678.log')
  writeFileSync(earlier, '')
  const then = time / 1000 - 31 * 86_400
  for (const each of [path, earlier]) utimesSync(each, then, then)
  utimesSync(young, time / 1000, time / 1000)
  await logsOf().thin()
  expect(readdirSync(join(folder, 'logs'))).toEqual([young.replace(/.*\//, '')])
})

it('a folder that cannot be one is told once and fails nothing', async () => {
  writeFileSync(join(folder, 'logs'), '')
  const logs = logsOf()
  for (const stage of ['a', 'b']) {
    const log = await logs.open(stage)
    expect(log.path).toBeUndefined()
    log.write('lost')
    await log.close()
  }
  await logs.thin()
  expect(troubles).toHaveLength(1)
  expect(troubles[0]).toMatch(/^the logs of stages cannot be kept in .*\/logs: /)
})
