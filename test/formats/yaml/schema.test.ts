import {Ajv2020} from 'ajv/dist/2020.js'
import {describe, expect, it} from 'vitest'
import {parse} from 'yaml'
import {descriptionJsonSchema} from '../../../src/formats/yaml/schema.js'

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

const schema = descriptionJsonSchema()
if (!isObject(schema)) throw new Error('no schema')

describe('the JSON Schema', () => {
  const validate = new Ajv2020({strict: false, allErrors: true}).compile(schema)
  it.each([
    'sifstage: 1\nstages: {a: {from: docker://debian}}',
    'sifstage: 1\nargs: {V: 2.10, N: null, T: true}\nstages:\n  a:\n    from: {stage: b}\n    steps:\n      - run: [a, 1]\n      - copy: x\n        to: /\n        chmod: 0755\n        expect: {kind: file, executable: true}\n      - write: {a: b}\n        to: /\n  b: {from: scratch}\ntarget: a',
    'sifstage: 1\nstages: {a: {rules: def, definition: {header: {bootstrap: docker, from: x}, sections: [{section: post, text: a}]}}}',
  ])('accepts %j', text => {
    expect(validate(parse(text)), JSON.stringify(validate.errors)).toBe(true)
  })
  it.each([
    'stages: {}',
    'sifstage: 2\nstages: {a: {from: x}}',
    'sifstage: 1\nstages: {a: {form: x}}',
    'sifstage: 1\nstages: {a: {from: x, steps: [{run: x, copy: y}]}}',
    'sifstage: 1\nstages: {a: {from: x, steps: [{copy: x, to: /, expect: {executable: maybe}}]}}',
  ])('refuses %j', text => {
    expect(validate(parse(text))).toBe(false)
  })
  it('describes every field, with an example', () => {
    const bare: string[] = []
    const look = (node: unknown, path: string) => {
      if (Array.isArray(node)) {
        for (const [i, inner] of node.entries()) look(inner, `${path}[${i}]`)
      }
      if (!isObject(node)) return
      for (const [key, value] of Object.entries(isObject(node.properties) ? node.properties : {})) {
        if (!isObject(value) || typeof value.description !== 'string' || !Array.isArray(value.examples))
          bare.push(`${path}.${key}`)
      }
      for (const [key, value] of Object.entries(node)) if (key !== 'examples') look(value, `${path}.${key}`)
    }
    look(schema, '')
    expect(bare).toEqual([])
  })
})
