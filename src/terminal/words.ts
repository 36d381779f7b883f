/** Times and counts in words: the same in plain lines, in the live view and in a status line. */
import {printable} from '../reports/visible.js'
import type {Doing, Progress, StageProgress} from './state.js'

/** `7.3 s`, `1 min 12 s`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const tenths = Math.round(seconds * 10)
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  const minutes = Math.round(seconds / 60)
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** A time that is only to be expected. */
export function about(seconds: number): string {
  if (seconds < 60) return `about ${Math.max(1, Math.round(seconds))} s`
  const minutes = Math.round(seconds / 60)
  return minutes < 60 ? `about ${minutes} min` : `about ${Math.floor(minutes / 60)} h ${minutes % 60} min`
}

/** How long it takes, beside how long it took the last time. */
export function ofExpected(seconds: number, expected: number | undefined): string {
  if (expected === undefined || expected < 0.5) return duration(seconds)
  return seconds > expected ? `${duration(seconds)}, last time ${about(expected)}` : `${duration(seconds)} of ${about(expected)}`
}

/** What a stage is at: the text, and the line of the input where it stands. */
export function doingWords({text, line}: Doing): {readonly text: string; readonly line: string} {
  return {text: printable(text), line: line === undefined ? '' : ` (line ${line})`}
}

/** `2 built, 3 cached, 1 min 12 s`. */
export function summary(progress: Progress, seconds: number): string {
  const count = (state: StageProgress['state']) => progress.stages.filter(each => each.state === state).length
  const words: readonly (readonly [number, string])[] = [
    [count('built'), 'built'],
    [count('cached'), 'cached'],
    [count('failed'), 'failed'],
    [count('not-run') + count('waiting') + count('running'), 'not run'],
  ]
  const parts = words.filter(([number]) => number > 0).map(([number, word]) => `${number} ${word}`)
  return [...parts, duration(seconds)].join(', ')
}

/** What a build is at, on one line: for SIGUSR1. */
export function statusLine(progress: Progress, now: number): string {
  if (!progress.isBegun) return 'status: the build has not begun; the input is read and checked'
  const left = progress.stages.filter(each => each.state === 'waiting').length
  const runs = progress.running.map(stage => {
    const doing = stage.doing === undefined ? '' : Object.values(doingWords(stage.doing)).join('')
    const expected = stage.waits ? undefined : stage.expected
    return `${printable(stage.name)}${doing === '' ? '' : `: ${doing}`}, ${ofExpected((now - stage.since) / 1000, expected)}`
  })
  const stages = `${progress.done} of ${progress.stages.length} stages done, ${progress.running.length} running, ${left} waiting`
  const doing = progress.doing === undefined ? [] : [printable(progress.doing)]
  return `status: ${[duration((now - progress.began) / 1000), stages, ...runs, ...doing].join('; ')}`
}

/** The same as numbers. */
export function statusFields(progress: Progress, now: number): object {
  return {
    seconds: (now - progress.began) / 1000,
    stages: progress.stages.length,
    done: progress.done,
    waiting: progress.stages.filter(each => each.state === 'waiting').map(each => each.name),
    running: progress.running.map(({name, since, expected, doing}) => ({
      stage: name,
      seconds: (now - since) / 1000,
      ...(expected === undefined ? {} : {expected}),
      ...(doing === undefined ? {} : {doing: doing.text, ...(doing.line === undefined ? {} : {line: doing.line})}),
    })),
  }
}
