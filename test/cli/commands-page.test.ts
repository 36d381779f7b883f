/** docs/commands.md and the man page are what the commands say of themselves. */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {describe, expect, it} from 'vitest'
import {commandsPage, manPage} from '../../scripts/commands.mjs'
import {root} from '../support/engine.js'

const manifest = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8'))

describe('the reference of commands', () => {
  it('is what npm run docs makes', () => {
    expect(readFileSync(join(root, 'docs/commands.md'), 'utf8'), 'npm run build && npm run docs').toBe(commandsPage(manifest))
  })

  it('describes every flag and has an example of every command', () => {
    for (const command of Object.values<{
      id: string
      hidden?: boolean
      examples?: readonly unknown[]
      flags: Readonly<Record<string, {name: string; description?: string}>>
    }>(manifest.commands)) {
      if (command.hidden === true) continue
      expect(command.examples?.length ?? 0, command.id).toBeGreaterThan(0)
      for (const flag of Object.values(command.flags)) expect(flag.description ?? '', `${command.id} --${flag.name}`).not.toBe('')
    }
  })
})

describe('the man page', () => {
  it('is set without a warning, and says every flag as it is typed', async () => {
    const page = manPage(manifest, '1.2.3')
    const {stdout, stderr} = await execa('groff', ['-man', '-Tutf8', '-ww', '-rLL=200n', '-P-c'], {input: page})
    expect(stderr).toBe('')
    const text = stdout.replace(/.\u0008/g, '')
    expect(text).toContain('--no-cache-filter STAGE')
    expect(text).toContain('sifstage build examples/lab3/lab3.def')
    expect(text).not.toContain('‐‐')
  })

  it('is in the package', () => {
    expect(readFileSync(join(root, 'man/sifstage.1'), 'utf8')).toBe(manPage(manifest, manifest.version))
  })
})
