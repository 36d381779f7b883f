/** `engines`: what is here, what works, and what to do about what does not. */

import {ExitCode} from '../model/errors.js'
import type {EngineStatus} from '../model/ports.js'
import {type Palette, palette} from '../reports/palette.js'
import type {BuildingFlags} from './flags.js'
import type {Outcome} from './outcome.js'
import {probeApptainer, probeOthers} from './probe.js'
import {loadSettings} from './settings.js'
import {identityOf, storeFolder} from './store-folder.js'

function show(status: EngineStatus, colours: Palette): string {
  const state = status.usable
    ? colours.good('usable')
    : status.path === undefined
      ? colours.faint('not here')
      : colours.error('not usable')
  const head = `${colours.strong(status.name.padEnd(12))}${(status.version ?? '-').padEnd(12)}${state}${status.path === undefined ? '' : `  ${colours.faint(status.path)}`}`
  if (status.path === undefined && status.name !== 'apptainer') return head
  const notes = status.notes
    .filter(note => !note.ok || note.text.includes(' '))
    .map(
      note =>
        `  ${note.ok ? colours.good('✓') : colours.error('✗')} ${note.text}${note.ok || note.fix === undefined ? '' : `\n      do: ${note.fix}`}`,
    )
  return [head, ...notes].join('\n')
}

export async function runEngines(flags: Pick<BuildingFlags, 'run-as' | 'cache-dir'>, colour: boolean): Promise<Outcome> {
  const settings = await loadSettings(process.cwd(), process.env)
  const identity = identityOf(flags['run-as'] ?? settings.runAs)
  const options = {
    identity,
    environment: process.env,
    store: storeFolder(flags['cache-dir'] ?? settings.cacheDir, identity, process.env),
    ignoreSubordinate: false,
  }
  const statuses = [
    (await probeApptainer(options, ['apptainer'])).status,
    (await probeApptainer(options, ['singularity'])).status,
    ...probeOthers(process.env, identity),
  ]
  const colours = palette(colour)
  const usable = statuses.find(each => each.usable)
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      user: identity.user,
      engines: statuses.map(({name, usable: works, version, path, mapping, notes}) => ({
        name,
        usable: works,
        ...(version === undefined ? {} : {version}),
        ...(path === undefined ? {} : {path}),
        ...(mapping === undefined ? {} : {mapping}),
        notes,
      })),
    },
    text: `engines run as ${identity.user}; ${usable === undefined ? 'none can build here' : `builds use ${usable.name} ${usable.version ?? ''}`}\n\n${statuses.map(each => show(each, colours)).join('\n')}\n`,
    messages: '',
  }
}
