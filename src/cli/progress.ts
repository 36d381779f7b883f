/** Progress for people and programs: plain lines on standard error, or one JSON event a line. */
import type {BuildEvent, Sink} from '../model/ports.js'

/** Control characters of an engine's output, which could rewrite what stands on the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
}

export interface Palette {
  readonly dim: (text: string) => string
  readonly bold: (text: string) => string
  readonly red: (text: string) => string
  readonly green: (text: string) => string
  readonly yellow: (text: string) => string
}

const paint = (code: number) => (text: string) => `\u001b[${code}m${text}\u001b[0m`
const plain = (text: string) => text

export function palette(colour: boolean): Palette {
  return colour ? {dim: paint(2), bold: paint(1), red: paint(31), green: paint(32), yellow: paint(33)} : {dim: plain, bold: plain, red: plain, green: plain, yellow: plain}
}

function seconds(value: number): string {
  return value < 60 ? `${value.toFixed(1)} s` : `${Math.floor(value / 60)} min ${Math.round(value % 60)} s`
}

/** Plain lines, each with its stage: good in a Slurm log. */
export function plainSink(write: (line: string) => void, colours: Palette): Sink {
  const line = (stage: string | undefined, text: string) => write(`${stage === undefined ? '' : colours.dim(`[${printable(stage)}] `)}${text}\n`)
  return {
    emit(event) {
      switch (event.event) {
        case 'build-start':
          return line(undefined, `building ${event.target} of ${event.input}: ${event.stages.length === 1 ? '1 stage' : `${event.stages.length} stages`}`)
        case 'stage-start':
          return
        case 'step-start':
          return line(event.stage, `${colours.bold('→')} ${printable(event.title)}${event.line === undefined ? '' : colours.dim(` (line ${event.line})`)}`)
        case 'step-log':
          return line(event.stage, printable(event.text))
        case 'step-end':
          return
        case 'artifact':
          return line(event.stage, event.status === 'ok' ? `${colours.green('✓')} ${printable(event.path)} is there, for ${event.wantedBy.join(', ')}` : `${colours.red('✗')} ${printable(event.path)}, wanted by ${event.wantedBy.join(', ')}`)
        case 'stage-end': {
          const words = {built: `built in ${seconds(event.seconds)}`, cached: 'cached: nothing that goes into it has changed', failed: colours.red('failed'), 'not-run': 'not run'}
          return line(event.stage, `${words[event.status]}${event.why === undefined ? '' : colours.dim(` (${event.why})`)}`)
        }
        case 'note':
          return line(event.stage, event.severity === 'warning' ? `${colours.yellow('warning:')} ${printable(event.text)}` : printable(event.text))
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

export const silentSink: Sink = {emit() {}}
