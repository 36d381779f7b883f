/** Sends what is published to another store, behind the build's back: nothing waits for it but the end. */
import {type Note, type Target, whyNot} from './source.js'

/** Who waits longer at the end wants to know for what. */
const PATIENCE_MS = 500

export interface Sending {
  /** Stages and artifacts that are there now. `made`: by this build, which goes on to read its files. */
  stage(key: string, made: boolean): void
  artifacts(name: string): void
  /** Waits until all has been sent, or given up. */
  finish(): Promise<void>
}

/**
 * One after the other: a build wants its lines for itself. After the first failure nothing more is sent, and that is
 * said once.
 */
export function sending(target: Target, note: Note, signal: AbortSignal): Sending {
  const known = new Set<string>()
  const made = new Set<string>()
  let failed = false
  let last: Promise<void> = Promise.resolve()

  function add(id: string, send: () => Promise<void>): void {
    if (known.has(id) || failed) return
    known.add(id)
    last = last.then(async () => {
      try {
        if (!failed && !signal.aborted) await send()
      } catch (error) {
        if (!signal.aborted)
          note('warning', `nothing more is sent to ${target.name}: ${whyNot(error)}; the build is as good without`)
        failed = true
      }
    })
  }

  return {
    stage(key, isMade) {
      if (isMade) made.add(key)
      add(`stage ${key}`, () => target.sendStage(key, signal))
    },
    artifacts: name => add(`artifacts ${name}`, () => target.sendArtifacts(name, signal)),
    async finish() {
      // With all that was read of them meanwhile.
      for (const key of made) add(`facts ${key}`, () => target.sendStage(key, signal))
      const tell = () => note('info', `waiting until what was built is at ${target.name}`)
      // Most of it is there by now, and known to be.
      const timer = setTimeout(tell, PATIENCE_MS)
      await last
      clearTimeout(timer)
    },
  }
}
