/** `doctor`: what the library found of the machine, for people and programs. */
import {doctor, ExitCode, type MachineCheck, type StoreOptions} from '../index.js'
import {type Palette, palette} from '../reports/palette.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

/** Milliseconds after which nothing is waited for that did not answer and cannot be ended. */
const LEFT_BEHIND = 2_000

function show({name, status, text, why, fix}: MachineCheck, isFirst: boolean, width: number, colours: Palette): string {
  const mark = status === 'ok' ? colours.good('✓') : status === 'warning' ? colours.warning('!') : colours.error('✗')
  const under = ' '.repeat(width + 4)
  return [
    `${mark} ${colours.strong((isFirst ? name : '').padEnd(width))}  ${visible(text)}`,
    ...(why === undefined ? [] : [`${under}${colours.faint(visible(why))}`]),
    ...(fix === undefined ? [] : [`${under}do: ${visible(fix)}`]),
  ].join('\n')
}

function summary(checks: readonly MachineCheck[], exitCode: ExitCode, user: string): string {
  const warnings = checks.filter(each => each.status === 'warning').length
  const count = warnings === 0 ? '' : `, with ${warnings} warning${warnings === 1 ? '' : 's'}`
  const verdict =
    exitCode === ExitCode.done
      ? 'builds can work here'
      : exitCode === ExitCode.noEngine
        ? 'no engine can build here'
        : 'no build can work here until what is marked ✗ is mended'
  return `engines run as ${visible(user)}: ${verdict}${count}`
}

export async function runDoctor(options: StoreOptions, colour: boolean): Promise<Outcome> {
  const {user, checks, exitCode} = await doctor(options)
  // A process that hangs in the kernel holds its pipe to us open.
  setTimeout(() => process.exit(), LEFT_BEHIND).unref()
  const colours = palette(colour)
  const width = Math.max(...checks.map(each => each.name.length))
  const lines = checks.map((each, at) => show(each, checks[at - 1]?.name !== each.name, width, colours))
  return {
    exitCode,
    document: {version: 1, user, checks},
    text: `${lines.join('\n')}\n\n${summary(checks, exitCode, user)}\n`,
    messages: '',
  }
}
