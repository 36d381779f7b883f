/** Progress for people and programs: plain lines on standard error, or one JSON event a line. */
import type {BuildEvent, Sink} from '../model/ports.js'
import type {Palette} from '../reports/palette.js'
import {visible} from '../reports/visible.js'

/** An engine's output on a terminal: without its colours, and with nothing that could move the cursor. */
export function printable(text: string): string {
  return visible(text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll('\t', '  '))
}

function seconds(value: number): string {
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`
}

/** Plain lines, each with its stage: good in a Slurm log. */
export function plainSink(write: (line: string) => void, colours: Palette): Sink {
  const line = (stage: string | undefined, text: string) =>
    write(`${stage === undefined ? '' : colours.faint(`[${printable(stage)}] `)}${text}\n`)
  return {
    emit(event) {
      switch (event.event) {
        case 'build-start':
          return line(
            undefined,
            `building ${event.target} of ${event.input}: ${event.stages.length === 1 ? '1 stage' : `${event.stages.length} stages`}`,
          )
        case 'stage-start':
          return
        case 'step-start':
          return line(
            event.stage,
            `${colours.strong('→')} ${printable(event.title)}${event.line === undefined ? '' : colours.faint(` (line ${event.line})`)}`,
          )
        case 'step-log':
          return line(event.stage, printable(event.text))
        case 'step-end':
          return
        case 'artifact':
          return line(
            event.stage,
            event.status === 'ok'
              ? `${colours.good('✓')} ${printable(event.path)} is there, for ${event.wantedBy.join(', ')}`
              : `${colours.error('✗')} ${printable(event.path)}, wanted by ${event.wantedBy.join(', ')}`,
          )
        case 'stage-end': {
          const words = {
            built: `built in ${seconds(event.seconds)}`,
            cached: 'cached: nothing that goes into it has changed',
            failed: colours.error('failed'),
            'not-run': 'not run',
          }
          return line(event.stage, `${words[event.status]}${event.why === undefined ? '' : colours.faint(` (${event.why})`)}`)
        }
        case 'note':
          return line(
            event.stage,
            event.severity === 'warning' ? `${colours.warning('warning:')} ${printable(event.text)}` : printable(event.text),
          )
        case 'build-end':
          return
      }
    },
  }
}

/** One event a line. A note is a line of the log there: the contract has no event of its own for it. */
export function jsonSink(write: (line: string) => void): Sink {
  return {
    emit(event: BuildEvent) {
      const time = new Date().toISOString()
      const {event: name, ...rest} = event
      write(`${JSON.stringify({time, event: name === 'note' ? 'step-log' : name, ...rest})}\n`)
    },
  }
}

/** Notes alone, for a verb that has no progress to tell. */
export function noteSink(write: (line: string) => void): Sink {
  return {
    emit(event) {
      if (event.event === 'note') write(`${printable(event.text)}\n`)
    },
  }
}
