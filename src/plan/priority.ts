/** Which of the stages that are ready should start first, when not all can. */
import type {Description} from '../model/description.js'
import {neededDirectly} from './graph.js'

/** Seconds of a stage that was never built, when no other one tells what is usual. */
const UNKNOWN = 1

/**
 * For each stage the seconds from its start to the end of the build, if everything could run side by side: the longest
 * way to the target through it. Whoever starts the longest first keeps the others off that way.
 * @param needed indexes of the stages that the target needs, without a cycle among them
 * @param seconds that stages took when they were built last; one that never was counts as the mean of the others
 */
export function secondsToEnd(
  description: Description,
  needed: readonly number[],
  seconds: ReadonlyMap<number, number>,
): Map<number, number> {
  const known = needed.flatMap(index => seconds.get(index) ?? [])
  const usual = known.length === 0 ? UNKNOWN : known.reduce((sum, each) => sum + each, 0) / known.length
  const users = new Map<number, number[]>()
  const open = new Map<number, number>()
  const inside = new Set(needed)
  for (const index of needed) {
    const stage = description.stages[index]
    const needs = stage === undefined ? [] : neededDirectly(stage).filter(each => inside.has(each))
    for (const other of needs) {
      users.set(other, [...(users.get(other) ?? []), index])
      open.set(other, (open.get(other) ?? 0) + 1)
    }
  }
  const result = new Map<number, number>()
  // From the target backwards, without recursion: an input may hold a chain of any length.
  const ready = needed.filter(index => (open.get(index) ?? 0) === 0)
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    const after = Math.max(0, ...(users.get(index) ?? []).map(user => result.get(user) ?? 0))
    result.set(index, after + (seconds.get(index) ?? usual))
    const stage = description.stages[index]
    for (const other of stage === undefined ? [] : neededDirectly(stage)) {
      const left = (open.get(other) ?? 0) - 1
      open.set(other, left)
      if (left === 0 && inside.has(other)) ready.push(other)
    }
  }
  return result
}
