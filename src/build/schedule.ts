/** Side by side, as many as may: which stage starts when. */

export interface Schedule {
  /** What is to be done, in the order in which it is started when several could be. */
  readonly order: readonly number[]
  readonly jobs: number
  isReady(index: number): boolean
  /** Whether new work starts. */
  goesOn(): boolean
  run(index: number): Promise<void>
}

/**
 * Runs what can run until nothing is left that can.
 * @throws what `run` throws, once all that runs has ended
 */
export async function runSchedule({order, jobs, isReady, goesOn, run}: Schedule): Promise<void> {
  const waiting = new Set(order)
  const running = new Map<number, Promise<void>>()
  for (;;) {
    while (running.size < jobs && goesOn()) {
      const index = [...waiting].find(isReady)
      if (index === undefined) break
      waiting.delete(index)
      running.set(
        index,
        run(index).finally(() => running.delete(index)),
      )
    }
    if (running.size === 0) return
    try {
      await Promise.race(running.values())
    } catch (error) {
      // Stopped, or a bug: nothing is left running behind the caller's back.
      await Promise.allSettled(running.values())
      throw error
    }
  }
}
