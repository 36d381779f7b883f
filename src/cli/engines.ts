/** `engines`: what is here, what works, and what to do about what does not. */

import type {BuildingFlags} from '../library/options.js'
import {loadSettings} from '../library/settings.js'
import {identityOf, storeFolder} from '../library/store-folder.js'
import {ExitCode} from '../model/errors.js'
import type {EngineStatus} from '../model/ports.js'
import {candidateEngines, type EngineQuestion} from '../plan/engine-choice.js'
import {probeAll} from '../probes/index.js'
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

/** What people ask for, and which engine `--engine auto` takes for it. */
const QUESTIONS: readonly (readonly [words: string, question: Omit<EngineQuestion, 'wanted'>])[] = [
  ['a .sif, a sandbox folder', {format: 'def', output: 'sif'}],
  ['an archive of a Dockerfile', {format: 'dockerfile', output: 'oci-archive'}],
  ['docker-daemon:NAME', {format: 'dockerfile', output: 'docker-daemon'}],
  ['containers-storage:NAME', {format: 'dockerfile', output: 'containers-storage'}],
]

function choices(statuses: readonly EngineStatus[]): {readonly output: string; readonly engine: string | undefined}[] {
  return QUESTIONS.map(([output, question]) => ({
    output,
    engine: candidateEngines({...question, wanted: 'auto'}).find(({name}) =>
      statuses.some(each => each.name === name && each.usable),
    )?.name,
  }))
}

export async function runEngines(flags: Pick<BuildingFlags, 'run-as' | 'cache-dir'>, colour: boolean): Promise<Outcome> {
  const settings = await loadSettings(process.cwd(), process.env)
  const identity = identityOf(flags['run-as'] ?? settings.runAs)
  const probed = await probeAll({
    identity,
    environment: process.env,
    store: storeFolder(flags['cache-dir'] ?? settings.cacheDir, identity, process.env),
    ignoreSubordinate: false,
    trial: true,
  })
  const statuses = probed.map(each => each.status)
  const colours = palette(colour)
  const usable = statuses.find(each => each.usable)
  const chosen = choices(statuses)
  const table = chosen.map(({output, engine}) => `  ${output.padEnd(28)}${engine ?? colours.faint('no engine here')}`)
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      user: identity.user,
      engines: probed.map(({status: {name, usable: works, version, path, mapping, notes}, facts}) => ({
        name,
        usable: works,
        ...(version === undefined ? {} : {version}),
        ...(path === undefined ? {} : {path}),
        ...(mapping === undefined ? {} : {mapping}),
        ...(facts === undefined ? {} : {facts}),
        notes,
      })),
    },
    text: `engines run as ${identity.user}${usable === undefined ? '; none can build here' : ''}\n\n${statuses.map(each => show(each, colours)).join('\n')}\n\nwithout --engine:\n${table.join('\n')}\n`,
    messages: '',
  }
}
