/** Stages in an order in which each comes after the one it starts from. */

/** `parents[i]` are the stages that stage i starts from. Stages on a circle come in some order: a check refuses them. */
export function inBaseOrder(parents: readonly (readonly number[])[]): number[] {
  const done = new Set<number>()
  const entered = new Set<number>()
  for (const start of parents.keys()) {
    // Each stage twice: to look at its parents, and when they are done.
    const open: {readonly index: number; readonly leave: boolean}[] = [{index: start, leave: false}]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const {index, leave} = next
      if (leave) done.add(index)
      else if (!entered.has(index)) {
        entered.add(index)
        open.push({index, leave: true}, ...(parents[index] ?? []).toReversed().map(parent => ({index: parent, leave: false})))
      }
    }
  }
  return [...done]
}
