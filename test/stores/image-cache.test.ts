/** Places for stages' images, as the command line names them. */
import {describe, expect, it} from 'vitest'
import {imageCache, parseCachePlace} from '../../src/stores/image-cache.js'

describe('a place', () => {
  it.each([
    ['registry.example/project/cache', {repository: 'registry.example/project/cache', layers: false}],
    ['localhost:5000/x', {repository: 'localhost:5000/x', layers: false}],
    ['type=registry,ref=localhost:5000/x', {repository: 'localhost:5000/x', layers: false}],
    ['type=registry,ref=localhost:5000/x,mode=max', {repository: 'localhost:5000/x', layers: true}],
    ['type=inline,ref=localhost:5000/x', {repository: 'localhost:5000/x', layers: false}],
  ])('%s', (text, place) => {
    expect(parseCachePlace('--cache-to', text)).toEqual(place)
  })

  it.each([
    ['', 'this is no repository'],
    ['nowhere', 'this is no repository'],
    ['localhost:5000/x:tag', 'the tag is ours to choose'],
    ['type=local,dest=/x', 'dest=/x is not understood'],
    ['type=s3,ref=a/b', 'the type s3'],
    ['type=registry,ref=a/b,mode=most', 'mode is min or max'],
    ['type=registry,ref=a/b,ref=a/c', 'ref=a/c is not understood'],
    ['a/b;id', 'this is no repository'],
  ])('%s is refused', (text, why) => {
    expect(() => parseCachePlace('--cache-to', text)).toThrow(why)
  })
})

it("names layers by the stage, with what a tag can't hold left out", () => {
  const place = {repository: 'r/x', layers: true}
  const cache = imageCache({from: [place], to: place, note: () => {}, signal: new AbortController().signal})
  expect(cache.layers('a stage/1')).toEqual({
    from: ['r/x:layers-a-stage-1', 'r/x:latest-a-stage-1'],
    to: 'r/x:layers-a-stage-1',
  })
})
