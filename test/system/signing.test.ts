/** Keys that entries are signed with. */
import {chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {isPublicLine, isSigned, keyFile, makeSigner, readSigner} from '../../src/system/signing.js'
import {sifstage} from '../support/engine.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-signing-'))
afterAll(() => rmSync(folder, {recursive: true, force: true}))

describe('a key', () => {
  it('signs what its public line proves, and nothing else', async () => {
    await makeSigner(join(folder, 'a/key.pem'))
    const signer = await readSigner(join(folder, 'a/key.pem'))
    const signature = signer?.sign('payload') ?? ''
    const line = signer?.publicLine ?? ''
    expect(isPublicLine(line)).toBe(true)
    expect(isSigned('payload', signature, line)).toBe(true)
    expect(isSigned('another payload', signature, line)).toBe(false)
    expect(
      isSigned(
        'payload',
        signature.replace(/^./, first => (first === 'A' ? 'B' : 'A')),
        line,
      ),
    ).toBe(false)
    expect(isSigned('payload', '', line)).toBe(false)
    expect(isSigned('payload', signature, `ed25519:${'A'.repeat(43)}`)).toBe(false)
    for (const wrong of ['', 'ed25519:', line.slice(0, -1), `${line}A`, line.replace('ed25519', 'rsa')]) {
      expect(isPublicLine(wrong)).toBe(false)
      expect(isSigned('payload', signature, wrong)).toBe(false)
    }
  })

  it('that others may read, or that is none, is refused without a word of what is in it', async () => {
    await makeSigner(join(folder, 'open.pem'))
    chmodSync(join(folder, 'open.pem'), 0o640)
    await expect(readSigner(join(folder, 'open.pem'))).rejects.toThrow(/can be read by others \(mode 640\)/)
    writeFileSync(join(folder, 'other.pem'), 'hunter2', {mode: 0o600})
    await expect(readSigner(join(folder, 'other.pem'))).rejects.toThrow(/^((?!hunter2).)*holds no ed25519 key$/)
    expect(await readSigner(join(folder, 'nowhere.pem'))).toBeUndefined()
    await expect(makeSigner(join(folder, 'other.pem'))).rejects.toThrow(/cannot be written/)
  })

  it('lies where the configuration does', () => {
    expect(keyFile({HOME: '/home/ada'})).toBe('/home/ada/.config/sifstage/store-key.pem')
    expect(keyFile({HOME: '/home/ada', XDG_CONFIG_HOME: '/etc/ada'})).toBe('/etc/ada/sifstage/store-key.pem')
  })
})

it('`cache key` makes it once, for its owner alone, and prints one line', async () => {
  const env = {XDG_CONFIG_HOME: join(folder, 'config')}
  const first = await sifstage(['cache', 'key'], {cwd: folder, env})
  expect(first.code, first.stderr).toBe(0)
  expect(first.stdout).toMatch(/^ed25519:[\w-]{43}\n$/)
  const file = join(folder, 'config/sifstage/store-key.pem')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(first.stderr).not.toContain(readFileSync(file, 'utf8').split('\n')[1])
  const second = await sifstage(['cache', 'key'], {cwd: folder, env})
  expect([second.stdout, second.stderr]).toEqual([first.stdout, ''])
  const other = await sifstage(['cache', 'key', '--key', 'elsewhere.pem', '--json'], {cwd: folder, env})
  const document: {publicKey: string; made: boolean; file: string} = JSON.parse(other.stdout)
  expect(document).toMatchObject({version: 1, made: true, file: join(folder, 'elsewhere.pem')})
  expect(document.publicKey).not.toBe(first.stdout.trim())
})
