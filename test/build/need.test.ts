import {describe, expect, it} from 'vitest'
import {roomNeeded, shortages} from '../../src/build/need.js'

const GB = 1 << 30
const cost = (imageBytes: number, treeBytes: number) => ({seconds: 1, imageBytes, treeBytes})

describe('the room that a build will take', () => {
  it('is all images in the store, and in scratch the largest trees that lie there at a time', () => {
    const costs = [cost(10, 100), cost(20, 50), cost(5, 70)]
    expect(roomNeeded(costs, 1)).toEqual({store: 35, scratch: 120})
    expect(roomNeeded(costs, 2)).toEqual({store: 35, scratch: 190})
    expect(roomNeeded(costs, 9)).toEqual({store: 35, scratch: 240})
    expect(roomNeeded([], 2)).toEqual({store: 0, scratch: 0})
  })

  it('is told where it is missing, with what to do', () => {
    const needed = {store: 3 * GB, scratch: 5 * GB}
    expect(shortages(needed, needed)).toEqual([])
    const [store, ...rest] = shortages(needed, {store: 2.5 * GB, scratch: 6 * GB})
    expect(rest).toEqual([])
    expect(store).toBe(
      'the store will need about 3.0 GB, going by the last time, and has 2.5 GB left (sifstage cache prune, or --cache-dir DIR)',
    )
    const [scratch] = shortages(needed, {store: 4 * GB, scratch: 1 << 20})
    expect(scratch).toContain('scratch will need about 5.0 GB')
    expect(scratch).toContain('has 1 MB left')
    expect(scratch).toContain('SIFSTAGE_TMPDIR')
  })
})
