import {expect, test} from 'vitest'
import {relativeTo} from '../../src/language/relative.js'

const path = {variable: 'PATH'}

test('a value that was put into another is found there again', () => {
  const now = new Map([['PATH', ['/a:', path]]])
  expect(relativeTo(['/b:/a:', path], now)).toEqual(['/b:', path])
  expect(relativeTo(['/a:', path, ':/z'], now)).toEqual([path, ':/z'])
  expect(relativeTo(['/b:', path], new Map())).toEqual(['/b:', path])
})

test("the base's value can't be had any more once it was replaced", () => {
  expect(relativeTo(['/b:', path], new Map([['PATH', ['/a']]]))).toBeUndefined()
  expect(relativeTo(['/b:', path], new Map([['PATH', ['/a:', path]]]))).toBeUndefined()
})
