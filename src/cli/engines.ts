/** `engines`: what the library found, for people and programs. */
import {type BuildingOptions, type EngineStatus, ExitCode, engines} from '../index.js'
import {type Palette, palette} from '../reports/palette.js'
import type {Outcome} from './outcome.js'

type Note = EngineStatus['notes'][number]

function showNote({ok, text, fix}: Note, colours: Palette): string {
  const mark = ok ? (fix === undefined ? colours.good('✓') : colours.warning('!')) : colours.error('✗')
  const advice = fix === undefined ? '' : `\n      ${ok ? 'better' : 'do'}: ${fix}`
  return `  ${mark} ${text}${advice}`
}

function show(status: EngineStatus, colours: Palette): string {
  const state = status.usable
    ? colours.good('usable')
    : status.path === undefined
      ? colours.faint('not here')
      : colours.error('not usable')
  const head = `${colours.strong(status.name.padEnd(12))}${(status.version ?? '-').padEnd(16)}${state}${status.path === undefined ? '' : `  ${colours.faint(status.path)}`}`
  if (status.path === undefined && status.name !== 'apptainer') return head
  // A single word names a program that is there.
  const notes = status.notes.filter(note => !note.ok || note.text.includes(' '))
  return [head, ...notes.map(note => showNote(note, colours))].join('\n')
}

export async function runEngines(options: Pick<BuildingOptions, 'runAs' | 'cacheDir'>, colour: boolean): Promise<Outcome> {
  const {user, engines: found, choices} = await engines(options)
  const colours = palette(colour)
  const isUsable = found.some(each => each.usable)
  const table = choices.map(({output, engine}) => `  ${output.padEnd(28)}${engine ?? colours.faint('no engine here')}`)
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      user,
      engines: found.map(({name, usable, version, path, mapping, notes, facts}) => ({
        name,
        usable,
        ...(version === undefined ? {} : {version}),
        ...(path === undefined ? {} : {path}),
        ...(mapping === undefined ? {} : {mapping}),
        ...(facts === undefined ? {} : {facts}),
        notes,
      })),
    },
    text: `engines run as ${user}${isUsable ? '' : '; none can build here'}\n\n${found.map(each => show(each, colours)).join('\n')}\n\nwithout --engine:\n${table.join('\n')}\n`,
    messages: '',
  }
}
