/** Every template in every format: read and checked by the real rules, with the sources that come with it. */
import {mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {dirname, join} from 'node:path'
import {afterAll, describe, expect, it} from 'vitest'
import {runChecks} from '../../src/checks/index.js'
import {isProjectName, projectFiles, projectName, templates} from '../../src/library/templates.js'
import type {Description} from '../../src/model/description.js'
import {plainText} from '../../src/model/template.js'
import {contextFiles} from '../../src/system/context.js'
import {read} from '../checks/reading.js'

const folder = mkdtempSync(join(tmpdir(), 'sifstage-templates-'))
afterAll(() => rmSync(folder, {recursive: true}))

const all = templates()

/** Bases, and which path goes from which stage to which: what must not depend on the language. */
function outline({stages}: Description): unknown {
  return stages.map(({name, base, steps}) => ({
    name,
    base: base.kind === 'image' ? `${base.reference.transport}://${base.reference.name}` : base.kind,
    takes: steps.flatMap(step =>
      step.kind === 'copy' && step.from.kind === 'stage'
        ? step.sources.map(source => `${step.from.kind === 'stage' ? step.from.name : ''}: ${plainText(source.path)}`)
        : [],
    ),
  }))
}

it('are those that people are promised', () => {
  expect(all.map(each => each.name)).toEqual(['c-mpi', 'conda', 'go', 'python', 'r', 'rust', 'spack'])
  for (const each of all) expect(each.formats).toEqual(['def', 'dockerfile', 'yaml'])
})

describe.each(all)('template $name', template => {
  const descriptions: unknown[] = []
  it.each(template.formats)('as %s is found fault with by no rule, not even by a remark', format => {
    const place = join(folder, `${template.name}-${format}`)
    const {input, files} = projectFiles(template, format, 'own-name')
    for (const {path, text} of files) {
      mkdirSync(dirname(join(place, path)), {recursive: true})
      writeFileSync(join(place, path), text)
      expect(text).not.toMatch(/my-image|@INPUT@|@IMAGE@/)
    }
    const text = files.find(each => each.path === input)?.text ?? ''
    const {description, diagnostics} = read(format, text, input)
    expect(diagnostics).toEqual([])
    if (description === undefined) throw new Error('not readable')
    expect(runChecks(description, {context: contextFiles(place), target: undefined, ignore: undefined}, text)).toEqual([])
    expect(text).toContain('own-name')
    expect(outline(description)).toEqual(descriptions[0] ?? outline(description))
    descriptions.push(outline(description))
  })

  it('hands something over from one stage to the next, and says in its README what to type', () => {
    const {input, image, files} = projectFiles(template, 'def', 'own-name')
    const {description} = read('def', files[0]?.text ?? '', input)
    expect(JSON.stringify(description && outline(description))).toContain('"build: /')
    const readme = files.find(each => each.path === 'README.md')?.text ?? ''
    expect(readme).toContain('    sifstage check own-name.def\n    sifstage build own-name.def\n')
    expect(readme).toContain(`\`${image}\``)
    expect(readme.split('\n').filter(line => line.length > 130)).toEqual([])
  })
})

describe('the name of a project', () => {
  it.each(['pi', '1.0', 'A_b-c.d', 'x'.repeat(64)])('can be %s', name => expect(isProjectName(name)).toBe(true))
  it.each(['', '.', '..', '-x', 'a/b', 'a b', 'a\nb', '$(id)', 'a;b', '{{ x }}', 'ä', 'x'.repeat(65), 'a\u001b[31m'])(
    'cannot be %j',
    name => expect(isProjectName(name)).toBe(false),
  )
  it('is made of that of its folder, as far as that can be one', () => {
    expect(projectName('/home/me/My Project!')).toBe('My-Project')
    expect(projectName('/x/..weird')).toBe('weird')
    expect(projectName('/x/$(id)')).toBe('id')
    expect(projectName('/x/äöü')).toBeUndefined()
    expect(projectName('/')).toBeUndefined()
  })
})
