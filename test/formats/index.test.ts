import {describe, expect, it} from 'vitest'
import {detectFormat, formatNamed, formatOfText, formats} from '../../src/formats/index.js'

const named = (path: string, text = '') => detectFormat(path, text)?.name

describe('a format is told by the name of the file', () => {
  it.each(['stages.yaml', 'a.yml', 'x/y.JSON', 'Dockerfile.yaml'])('%s is YAML', name => {
    expect(named(name)).toBe('yaml')
  })
  it.each(['Dockerfile', 'dockerfile', 'Containerfile', 'app.Dockerfile', 'Dockerfile.gpu', '/a.def/DOCKERFILE'])(
    '%s is a Dockerfile',
    name => {
      expect(named(name)).toBe('dockerfile')
    },
  )
  it.each([
    'lab3.def',
    'Singularity',
    'Singularity.gpu',
    'Apptainer',
    'Apptainerfile',
    'Apptainer.x',
    'Dockerfile.def',
    './a/B.DEF',
  ])('%s is a definition file', name => {
    expect(named(name)).toBe('def')
  })
  it.each(['Singularity.sif', 'Apptainer.img', 'notes.txt', '-', 'Dockerfile.dockerignore', 'Dockerfiles', 'apptainer'])(
    '%s says nothing',
    name => {
      expect(named(name)).toBeUndefined()
    },
  )
  it('has the name win over the text', () => {
    expect(named('x.def', 'FROM debian\n')).toBe('def')
  })
})

describe('without a telling name, the text decides', () => {
  it.each([
    ['def', '# a comment\n\n  \nBootStrap: docker\nFrom: debian:12\n'],
    ['def', '\ufeffbootstrap:docker\n'],
    ['def', 'Bootstrap: scratch\n%help\nsifstage: 1\n'],
    ['dockerfile', '# syntax=docker/dockerfile:1\nfrom debian\n'],
    ['dockerfile', 'ARG A=1\nFROM x\n'],
    ['dockerfile', 'FROM x\nRUN <<E\nsifstage: 1\nE\n'],
    ['yaml', 'stages: {}\nsifstage: 1\n'],
    ['yaml', '{"stages": {},\n "sifstage": 1}'],
    ['yaml', '# note\r\n"sifstage" : 1\r\n'],
  ])('%s: %j', (format, text) => {
    expect(formatOfText(text)?.name).toBe(format)
    expect(named('-', text)).toBe(format)
  })
  it.each(['', '#', '# only a comment', '   ', 'FROMAGE', 'hello', '  sifstage: 1', '\0\x01\x02', 'apiVersion: v1\nkind: Pod\n'])(
    'nothing is guessed from %j',
    text => {
      expect(formatOfText(text)).toBeUndefined()
    },
  )
  it('looks at 50 MB of rubbish quickly', () => {
    const start = performance.now()
    expect(formatOfText('#'.repeat(25e6) + '\n'.repeat(25e6))).toBeUndefined()
    expect(formatOfText('x'.repeat(50e6))).toBeUndefined()
    expect(performance.now() - start).toBeLessThan(3000)
  })
})

describe('the table of formats', () => {
  it.each(formats.map(format => format.name))('loads %s, which calls itself so', async name => {
    const format = await formatNamed(name).load()
    expect(format.name).toBe(name)
    expect(format.title).toBe(formatNamed(name).title)
  })
})
