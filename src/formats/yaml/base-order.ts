/** Stages in an order in which each comes after the one it starts from. */

/** `parents[i]` is the stage that stage i starts from. Stages on a circle come in some order: a check refuses them. */
export function inBaseOrder(parents: readonly (number | undefined)[]): number[] {
  const done = new Set<number>()
  for (const start of parents.keys()) {
    const chain: number[] = []
    const onChain = new Set<number>()
    for (
      let index: number | undefined = start;
      index !== undefined && !done.has(index) && !onChain.has(index);
      index = parents[index]
    ) {
      chain.push(index)
      onChain.add(index)
    }
    for (const index of chain.reverse()) done.add(index)
  }
  return [...done]
}
