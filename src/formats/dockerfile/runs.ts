/** RUN, and the commands of CMD, ENTRYPOINT and HEALTHCHECK (K23, K24, K113, K114, K128–K130). */
import {type Locate, rememberPlaces} from '../../language/places.js'
import type {Command, Mount, RunStep} from '../../model/description.js'
import {wordSpan} from './arguments.js'
import {type Heredoc, heredocText, parseMarker} from './heredocs.js'
import type {CommandLine, Instruction} from './instruction.js'
import type {JoinedLine} from './joined.js'
import {readMount} from './mounts.js'
import {commentOf, type OpenStage, type Reading, remark} from './reading.js'

export function readRun(reading: Reading, stage: OpenStage, instruction: Extract<Instruction, {name: 'RUN'}>): void {
  const flags = readRunFlags(reading, stage, instruction)
  const command = readCommand(stage, instruction.command)
  if (command.kind === 'exec' && command.argv.length === 0) {
    reading.problems.syntax(instruction.span, 'RUN [] has no command to run', 'Name the program: RUN ["program", "argument"].')
    return
  }
  const {span} = instruction
  stage.steps.push({kind: 'run', rules: 'docker', span, where: 'image', command, ...flags, ...commentOf(instruction)})
}

function readRunFlags(
  reading: Reading,
  stage: OpenStage,
  instruction: Extract<Instruction, {name: 'RUN'}>,
): Pick<RunStep, 'mounts' | 'network' | 'insecure'> {
  const read: {mounts?: readonly Mount[]; network?: 'none' | 'host'; insecure?: true} = {}
  const mounts = instruction.flags
    .filter(flag => flag.name === 'mount')
    .flatMap(flag => readMount(reading, stage, flag.value) ?? [])
  if (mounts.length > 0) read.mounts = mounts
  for (const {name, value} of instruction.flags) {
    const span = wordSpan(value)
    if (name === 'network') {
      if (value.text === 'none' || value.text === 'host') read.network = value.text
      else if (value.text !== 'default')
        reading.problems.syntax(span, `invalid network mode ${JSON.stringify(value.text)}`, 'Write default, none or host.')
    } else if (name === 'security') {
      if (value.text === 'insecure') read.insecure = true
      else if (value.text !== 'sandbox')
        reading.problems.syntax(span, `security ${JSON.stringify(value.text)} is not valid`, 'Write sandbox or insecure.')
    } else if (name === 'device') {
      const message = 'RUN --device hands a device of the builder to the command, which a build here cannot do.'
      const hint = 'Leave the flag out if the build can do without; when the image runs, devices are there anyway (--nv, --rocm).'
      remark(reading, stage, 'run-device', 'error', span, message, hint)
    }
  }
  return read
}

/** A command as the SHELL of its own line takes it. */
export function readCommand(stage: OpenStage, command: CommandLine): Command {
  if (command.kind === 'json') return {kind: 'exec', argv: command.words.map(word => word.text)}
  const {shell} = stage
  const [heredoc] = command.heredocs
  // A here-document that is all there is on the line is the script itself (K23).
  if (heredoc !== undefined && parseMarker(command.text.text) !== undefined) {
    const text = heredocText(heredoc)
    return rememberPlaces<Command>(
      text.startsWith('#!') ? {kind: 'file', shell, name: heredoc.name, text} : {kind: 'shell', shell, text},
      inBody(command.text.line, heredoc, text),
    )
  }
  const text = command.heredocs.reduce((whole, each) => `${whole}\n${each.body}${each.name}`, command.text.text)
  const {line, from, to} = command.text
  return rememberPlaces<Command>({kind: 'shell', shell, text}, (start, end) =>
    line.span(Math.min(from + start, to), Math.min(from + end, to)),
  )
}

/** `<<-` takes the tabs at the start of each line, so places are found line by line. */
function inBody({index}: JoinedLine, heredoc: Heredoc, text: string): Locate {
  if (!heredoc.chomp) return (from, to) => index.span(heredoc.from + from, heredoc.from + to)
  const offset = (at: number): number => {
    const before = text.slice(0, at).split('\n')
    const {line} = index.position(heredoc.from)
    const start = index.lineStart(line + before.length - 1)
    const tabs = /^\t*/.exec(index.lineText(line + before.length - 1))?.[0].length ?? 0
    return start + tabs + (before.at(-1)?.length ?? 0)
  }
  return (from, to) => index.span(offset(from), offset(to))
}
