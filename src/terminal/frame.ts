/** The live part of the screen: what runs, with the last lines of its output, what waits and for whom. Values in, lines out. */
import {columnsOf, printable} from '../reports/visible.js'
import {type Look, type Part, paintLine} from './look.js'
import type {ArtifactProgress, Progress, StageProgress} from './state.js'
import {doingWords, duration, ofExpected} from './words.js'

/** Last lines of output of one stage, at most. */
const LOG = 4
/** Waiting stages that are listed, at most. */
const WAITING = 10

export interface Size {
  readonly columns: number
  readonly rows: number
}

export interface Moment {
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Goes up by one a frame. */
  readonly tick: number
  readonly isStopping: boolean
}

/** How wide the column of names is: no more than a third of the screen. */
function nameWidth(stages: readonly StageProgress[], columns: number): number {
  const widest = Math.max(0, ...stages.map(each => columnsOf(printable(each.name))))
  return Math.min(widest, Math.max(8, Math.floor(columns / 3)))
}

function nameCell(name: string, width: number, look: Look): string {
  const shown = paintLine([printable(name)], width, look)
  return shown + ' '.repeat(Math.max(0, width - columnsOf(shown)))
}

/** A stage that runs: how long, and what it is at on a line below. */
function runningLines(stage: StageProgress, width: number, columns: number, look: Look, {now, tick}: Moment) {
  const {signs, colours} = look
  const turn = signs.turning[tick % signs.turning.length] ?? ''
  const name = nameCell(stage.name, width, look)
  const time = ofExpected((now - stage.since) / 1000, stage.waits ? undefined : stage.expected)
  const head = paintLine(
    [[turn, colours.info], ' ', [name, colours.strong], '  ', time, ...because(stage.why, look)],
    columns,
    look,
  )
  if (stage.doing === undefined) return {head, step: undefined, log: []}
  const {text, line} = doingWords(stage.doing)
  const since = (now - stage.doing.since) / 1000
  const took = since >= 1 && since < (now - stage.since) / 1000 - 1 ? `  ${duration(since)}` : ''
  // The line of the source is worth more than the end of a long command.
  const room = columns - 2 - columnsOf(line) - columnsOf(took)
  const step = paintLine(['  ', paintLine([text], Math.max(8, room), look), [`${line}${took}`, colours.faint]], columns, look)
  const log = stage.tail.slice(-LOG).map(each =>
    paintLine(
      [
        ['  ', colours.faint],
        [`${signs.log} `, colours.faint],
        [printable(each), colours.faint],
      ],
      columns,
      look,
    ),
  )
  return {head, step, log}
}

/** A stage that waits: for whom, and what of that is there already. */
function waitingLine(stage: StageProgress, progress: Progress, width: number, columns: number, look: Look): string {
  const {signs, colours} = look
  const open = stage.needs.filter(name => !/^(built|cached)$/.test(progress.stage(name)?.state ?? ''))
  const there = stage.needs
    .flatMap(name => progress.stage(name)?.artifacts ?? [])
    .filter(each => each.ok && each.wantedBy.includes(stage.name))
  const words = open.length === 0 ? 'waits its turn' : `waits for ${open.map(printable).join(', ')}`
  return paintLine(
    [
      [`${signs.waiting} ${nameCell(stage.name, width, look)}  ${words}`, colours.faint],
      ...there.flatMap(({path}): Part[] => ['  ', [signs.done, colours.good], [` ${printable(path)}`, colours.faint]]),
    ],
    columns,
    look,
  )
}

/** Leaves out the last lines of a list that does not fit, and says how many. */
function short(lines: readonly string[], room: number, what: string, columns: number, look: Look): readonly string[] {
  if (lines.length <= room) return lines
  if (room <= 0) return []
  const left = lines.length - room + 1
  return [
    ...lines.slice(0, room - 1),
    paintLine([[`${look.signs.more} ${left}${room > 1 ? ' more' : ''} ${what}`, look.colours.faint]], columns, look),
  ]
}

/**
 * The lines of the live part: never wider than the screen less one column, never higher than it less one row. What runs
 * comes first, then what it is at, what waits, and the output.
 */
export function frame(progress: Progress, size: Size, look: Look, moment: Moment): string[] {
  if (!progress.isBegun) return []
  const columns = Math.max(1, size.columns - 1)
  const rows = Math.max(1, size.rows - 1)
  const waiting = progress.stages.filter(each => each.state === 'waiting')
  const width = nameWidth(progress.stages, columns)
  const running = progress.running.map(each => runningLines(each, width, columns, look, moment))
  const took = duration((moment.now - progress.began) / 1000)
  const doing = moment.isStopping ? 'stopping, ' : progress.doing === undefined ? '' : `${printable(progress.doing)}, `
  const foot = paintLine([`${doing}${progress.done} of ${progress.stages.length} done, ${took}`], columns, look)

  let left = rows - 1
  const heads = short(
    running.map(each => each.head),
    left,
    'running',
    columns,
    look,
  )
  left -= heads.length
  const isAll = heads.length === running.length && left >= running.length
  const steps = isAll ? running.filter(each => each.step !== undefined).length : 0
  left -= steps
  // One line of output each, if it can be, before what waits.
  const leastLog = isAll ? Math.min(left, running.filter(each => each.log.length > 0).length) : 0
  const lines = waiting.map(each => waitingLine(each, progress, width, columns, look))
  const waits = short(lines, Math.min(WAITING, left - leastLog), 'waiting', columns, look)
  left -= waits.length
  const body = heads.flatMap((head, at) => {
    const {step, log} = running[at] ?? {step: undefined, log: []}
    if (!isAll) return [head]
    if (log.length === 0) return step === undefined ? [head] : [head, step]
    const share = Math.floor(left / running.slice(at).filter(each => each.log.length > 0).length)
    const shown = share > 0 ? log.slice(-share) : []
    left -= shown.length
    return [head, ...(step === undefined ? [] : [step]), ...shown]
  })
  return [...body, ...waits, foot].slice(-rows)
}

/** Why it is built, behind the rest. */
function because(why: string | undefined, {colours}: Look): Part[] {
  return why === undefined ? [] : [[`  (${printable(why)})`, colours.faint]]
}

function artifactParts({path, ok}: ArtifactProgress, {signs, colours}: Look): Part[] {
  return ['  ', ok ? [signs.done, colours.good] : [signs.failed, colours.error], ` ${printable(path)}`]
}

/** What is left of a stage on the screen when it is done: one line, and one for each artifact that is not as it must be. */
export function doneLines(
  stage: StageProgress,
  ended: {readonly seconds: number; readonly why?: string},
  size: Size,
  look: Look,
  width: number,
): string[] {
  const {signs, colours} = look
  const {seconds} = ended
  const name = nameCell(stage.name, width, look)
  const words: Readonly<Record<string, readonly [sign: Part, words: Part]>> = {
    built: [[signs.done, colours.good], `built in ${duration(seconds)}`],
    cached: [
      [signs.done, colours.good],
      ['cached', colours.faint],
    ],
    failed: [
      [signs.failed, colours.error],
      [`failed after ${duration(seconds)}`, colours.error],
    ],
    'not-run': [[signs.none, colours.faint], 'not run'],
  }
  const [sign, said] = words[stage.state] ?? [signs.none, `stopped after ${duration(seconds)}`]
  const fine = stage.artifacts.filter(each => each.ok).flatMap(each => artifactParts(each, look))
  const whys = stage.state === 'cached' ? [ended.why] : [ended.why, stage.why]
  const line = [sign, ' ', name, '  ', said, ...fine, ...whys.flatMap(why => because(why, look))]
  const wrong = stage.artifacts.filter(each => !each.ok).map(each => wrongLine(each, look))
  // On a very narrow screen rather folded than without its time.
  return [paintLine(line, Math.max(40, size.columns - 1), look), ...wrong]
}

/** An artifact that is not as it must be. It may be longer than the screen is wide. */
export function wrongLine(artifact: ArtifactProgress, look: Look): string {
  const wanted = [`, wanted by ${artifact.wantedBy.map(printable).join(', ')}`] as const
  return paintLine([...artifactParts(artifact, look), ...wanted], Number.POSITIVE_INFINITY, look)
}

/** The width of the names of all stages, for lines that stay. */
export function doneWidth(progress: Progress, {columns}: Size): number {
  return nameWidth(progress.stages, Math.max(1, columns - 1))
}
