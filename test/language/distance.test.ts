import {expect, test} from 'vitest'
import {didYouMean, distance, nearest} from '../../src/language/distance.js'

test.each([
  ['builder', 'biulder', 2],
  ['build', 'build', 0],
  ['abc', 'ab', 1],
  ['FRM', 'FROM', 1],
  ['abcdef', 'uvwxyz', 3],
])('%s and %s are %s apart, at most 3', (a, b, wanted) => {
  expect(distance(a, b, 2)).toBe(wanted)
})

test('the nearest name is found, a distant one is not', () => {
  expect(nearest('biuld', ['test', 'build'])).toBe('build')
  expect(nearest('nginx', ['test', 'build'])).toBeUndefined()
  expect(didYouMean('Q', ['V'])).toBeUndefined()
})
