/** The layer that imitates power cuts: what is written with care survives it at any moment, what is not it finds out. */
import {chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterEach, beforeEach, describe, expect, it} from 'vitest'
import {PowerCut, randomOf} from '../support/power-cut.js'

let folder: string
let data: string

beforeEach(() => {
  folder = mkdtempSync('/var/tmp/sifstage-power-')
  chmodSync(folder, 0o755)
  data = join(folder, 'data')
})
afterEach(() => rmSync(folder, {recursive: true, force: true}))

/** Programs that replace the file `x`, more or less carefully. */
const programs = {
  'in place': `await fs.writeFile(x, 'new '.repeat(1000))`,
  'renamed, not synced': `await fs.writeFile(y, 'new '.repeat(1000)); await fs.rename(y, x)`,
  'renamed, synced': `const h = await fs.open(y, 'wx'); await h.writeFile('new '.repeat(1000)); await h.sync(); await h.close(); await fs.rename(y, x)`,
  'renamed, synced, told': `const h = await fs.open(y, 'wx'); await h.writeFile('new '.repeat(1000)); await h.sync(); await h.close(); await fs.rename(y, x)
    const d = await fs.open(folder, 'r'); await d.sync(); await d.close(); console.log('done')`,
  'taken away and put there': `await fs.writeFile(y, 'new '.repeat(1000)); await fs.rm(x); await fs.rename(y, x)`,
  streamed: `const s = (await import('node:fs')).createWriteStream(x); s.write('new '.repeat(500)); await new Promise(done => s.end('new '.repeat(500), done))`,
}

/** What is at `x` after a power cut at each change in turn, three times over. */
async function outcomes(program: keyof typeof programs): Promise<Set<string>> {
  const cut = new PowerCut(join(folder, 'cut'), [data])
  const source = `import fs from 'node:fs/promises'; const folder = ${JSON.stringify(data)}; const x = folder + '/x', y = folder + '/y'; ${programs[program]}`
  const found = new Set<string>()
  let last = 0
  for (let at = 0; at <= last * 3 + 6; at += 1) {
    rmSync(data, {recursive: true, force: true})
    mkdirSync(data)
    writeFileSync(join(data, 'x'), 'old '.repeat(1000))
    // The last rounds end by themselves, and the power fails right then.
    const moment = at === 0 || at > last * 3 ? 0 : ((at - 1) % last) + 1
    const environment = cut.environment(moment)
    const ran = await execa(process.execPath, ['--input-type=module', '-e', source], {env: environment, reject: false})
    expect(ran.signal, ran.stderr).toBe(moment === 0 ? undefined : 'SIGKILL')
    if (at === 0) {
      last = cut.changes()
      continue
    }
    cut.lose(randomOf(at))
    const file = join(data, 'x')
    const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined
    const state =
      text === undefined ? 'gone' : text === 'old '.repeat(1000) ? 'old' : text === 'new '.repeat(1000) ? 'new' : 'damaged'
    found.add(ran.stdout === 'done' ? `${state}, told` : state)
  }
  return found
}

describe('a power cut at any change of a file', () => {
  it('that is written in place or streamed damages it', async () => {
    expect(await outcomes('in place')).toContain('damaged')
    expect(await outcomes('streamed')).toContain('damaged')
  })

  it('that is renamed in without a sync damages it', async () => {
    expect(await outcomes('renamed, not synced')).toContain('damaged')
  })

  it('that is taken away before leaves none', async () => {
    expect(await outcomes('taken away and put there')).toContain('gone')
  })

  it('that is synced and renamed in leaves the old or the new one', async () => {
    const found = await outcomes('renamed, synced')
    expect([...found].sort()).toEqual(['new', 'old'])
  })

  it('that is told done only once its folder is synced leaves the new one from then on', async () => {
    const found = await outcomes('renamed, synced, told')
    expect(found).toContain('new, told')
    expect(found).not.toContain('old, told')
    expect(found).not.toContain('damaged')
  })
})

it('removal of a folder can stop half-way, and what was removed can come back', async () => {
  const cut = new PowerCut(join(folder, 'cut'), [data])
  const counts = new Set<number>()
  for (let at = 1; at <= 5; at += 1) {
    rmSync(data, {recursive: true, force: true})
    mkdirSync(join(data, 'entry'), {recursive: true})
    for (const name of ['a', 'b', 'c']) writeFileSync(join(data, 'entry', name), name)
    const source = `import fs from 'node:fs/promises'; await fs.rm(${JSON.stringify(join(data, 'entry'))}, {recursive: true})`
    await execa(process.execPath, ['--input-type=module', '-e', source], {env: cut.environment(at), reject: false})
    if (at % 2 === 0) cut.lose(randomOf(at))
    counts.add(existsSync(join(data, 'entry')) ? readdirSync(join(data, 'entry')).length : -1)
  }
  expect(counts.size).toBeGreaterThan(2)
})
