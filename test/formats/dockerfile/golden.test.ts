/** Each folder of golden/ is a case: a Dockerfile, what it means in YAML, and what is found. `npm test -- -u` updates them. */
import {readdirSync, readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {writeYaml} from '../../../src/formats/yaml/write.js'
import {memoryContext} from '../../checks/memory-context.js'
import {read} from './help.js'

const folder = new URL('golden/', import.meta.url)

describe.each(readdirSync(folder).sort())('%s', name => {
  const at = (file: string) => new URL(`${name}/${file}`, folder).pathname
  const {description, diagnostics} = read(readFileSync(at('Dockerfile'), 'utf8'))

  test('means what stages.yaml says', async () => {
    const options = {allow: new Set<string>(), keepCwd: false, context: memoryContext()}
    const target = (description?.stages.length ?? 0) - 1
    const text = description === undefined ? '# it cannot be read\n' : writeYaml(description, {...options, target}).text
    await expect(text ?? '# it cannot be written\n').toMatchFileSnapshot(at('stages.yaml'))
  })

  test('has the findings of findings.txt', async () => {
    const found = diagnostics.map(({rule, severity, span, message, hint}) => {
      const {line, column} = span.start
      return `${line}:${column} ${severity} ${rule}\n  ${message}\n${hint === undefined ? '' : `  hint: ${hint}\n`}`
    })
    await expect(found.join('')).toMatchFileSnapshot(at('findings.txt'))
  })
})
