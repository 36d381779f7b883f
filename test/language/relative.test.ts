import {expect, test} from 'vitest'
import {relativeTo} from '../../src/language/relative.js'

const path = {variable: 'PATH'}

test('a value that was put into another is found there again', () => {
  const now = new Map([['PATH', ['/a:', path]]])
  expect(relativeTo(['/b:/a:', path], now)).toEqual(['/b:', path])
  expect(relativeTo(['/a:', path, ':/z'], now)).toEqual([path, ':/z'])
  expect(relativeTo(['/b:', path], new Map())).toEqual(['/b:', path])
})

test('so is one with a modifier, which then is the variable itself', () => {
  const old = {variable: 'L', modifier: {operator: ':+' as const, word: [':', {variable: 'L'}]}}
  const now = new Map([['L', ['/x', old]]])
  expect(relativeTo(['/y:/x', old], now)).toEqual(['/y:', {variable: 'L'}])
  expect(relativeTo(['/y', old], now)).toBeUndefined()
  expect(relativeTo(['/y', old], new Map())).toEqual(['/y', old])
})

test("the base's value can't be had any more once it was replaced", () => {
  expect(relativeTo(['/b:', path], new Map([['PATH', ['/a']]]))).toBeUndefined()
  expect(relativeTo(['/b:', path], new Map([['PATH', ['/a:', path]]]))).toBeUndefined()
})
