/**
 * Places in a row as near as can be to where each would like to be, none nearer to the one before it than its gap: least
 * squares, by pooling neighbours that are in each other's way.
 * @param gaps from the middle of the one before to the middle of this one; the first is not looked at
 */
export function spread(wishes: readonly number[], gaps: readonly number[]): number[] {
  let sum = 0
  // Without the gaps it is a row that must not fall.
  const offsets = wishes.map((_, i) => (sum += i === 0 ? 0 : (gaps[i] ?? 0)))
  const pools: {total: number; count: number}[] = []
  for (const [i, wish] of wishes.entries()) {
    let pool = {total: wish - (offsets[i] ?? 0), count: 1}
    for (let before = pools.at(-1); before !== undefined; before = pools.at(-1)) {
      if (before.total / before.count < pool.total / pool.count) break
      pool = {total: before.total + pool.total, count: before.count + pool.count}
      pools.pop()
    }
    pools.push(pool)
  }
  const places = pools.flatMap(({total, count}) => Array.from({length: count}, () => total / count))
  return places.map((place, i) => place + (offsets[i] ?? 0))
}
