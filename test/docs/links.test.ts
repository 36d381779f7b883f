/** Every link of the documentation leads somewhere in this repository, to the heading that it names. */
import {existsSync, readFileSync, statSync} from 'node:fs'
import {dirname, join, relative} from 'node:path'
import {execa} from 'execa'
import {expect, it} from 'vitest'
import {root} from '../support/engine.js'

/** A heading as GitHub names its place. */
function anchor(heading: string): string {
  return heading
    .replace(/`/g, '')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

function anchorsOf(text: string): Set<string> {
  const outside = text.replace(/^(`{3,})[^\n]*\n.*?^\1$/gms, '')
  return new Set([...outside.matchAll(/^#{1,6}\s+(.*)$/gm)].map(match => anchor(match[1] ?? '')))
}

it('leads where it says', async () => {
  const {stdout} = await execa('git', ['ls-files', '*.md'], {cwd: root})
  const pages = stdout.split('\n').filter(name => !name.startsWith('test/') && existsSync(join(root, name)))
  expect(pages.length).toBeGreaterThan(20)
  const broken: string[] = []
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8').replace(/^(`{3,})[^\n]*\n.*?^\1$/gms, '')
    for (const [, target = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target)) continue
      const [path = '', name] = target.split('#')
      const file = path === '' ? join(root, page) : join(root, dirname(page), path)
      if (!existsSync(file)) broken.push(`${page}: ${target}`)
      else if (name !== undefined && !statSync(file).isDirectory() && !anchorsOf(readFileSync(file, 'utf8')).has(name))
        broken.push(`${page}: ${target} (no such heading in ${relative(root, file)})`)
    }
  }
  expect(broken).toEqual([])
})
