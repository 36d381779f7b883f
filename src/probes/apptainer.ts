/** Apptainer and SingularityCE: whether they can build here as the engine's user. */

import {traitsOf} from '../engines/singularity.js'
import type {TreeEngineName} from '../model/engines.js'
import type {Identity, Mapping} from '../model/ports.js'
import {engineEnvironment} from '../system/environment.js'
import {mappingOf} from '../system/identity.js'
import {lacksAny, namespaceNotes, runAsFix, subordinateFix, subordinateNotes, toolNotes} from './machine.js'
import {type Note, notHere, type Probed, type ProbeOptions} from './probe.js'
import {Answers, findProgram, versionOf} from './programs.js'

const TOOLS = [
  ['mksquashfs', 'stage images are packed with it', 'apt-get install squashfs-tools'],
  ['unsquashfs', 'artifacts are taken out with it', 'apt-get install squashfs-tools'],
  ['tar', 'image trees are read with it', 'apt-get install tar'],
  ['unshare', 'trees with subordinate owners are read in a user namespace', 'apt-get install util-linux'],
] as const

function userNotes(identity: Identity, mapping: Mapping, path: string): Note[] {
  if (identity.uid === 0)
    return lacksAny()
      ? [
          {
            ok: false,
            text: 'root has not all capabilities here (a container), and Apptainer run by root asks for all of them: "Requesting capability set … while permitted capability set is …"',
            fix: runAsFix(),
          },
        ]
      : [{ok: true, text: 'runs as root, with all capabilities'}]
  return [
    ...namespaceNotes(),
    ...subordinateNotes(identity, mapping, path, {
      ok: true,
      text: `${identity.user} has no subordinate ids: all owners in images become the one user, and %post runs under the \`fakeroot\` command, which fails on static and musl bases`,
    }),
  ]
}

/** SingularityCE without subordinate ids goes on with proot, which leaves out sections of a definition file (D162). */
function singularityNotes(version: string, {user}: Identity, mapping: Mapping, path: string): Note[] {
  const traits = traitsOf('singularity', version)
  const notes: Note[] = [
    {
      ok: true,
      text: 'SingularityCE: no package of it was at hand, so building with it follows its source and documents and has not been tried by us',
    },
  ]
  if (traits.trouble !== undefined) notes.push({ok: false, ...traits.trouble})
  if (mapping === 'root-mapped')
    notes.push({
      ok: false,
      text: `without subordinate ids SingularityCE ${findProgram('proot', path) === undefined ? 'cannot build' : 'builds under proot, which runs no %pre and %setup'} (D162)`,
      fix: `${subordinateFix(user)}, or use Apptainer`,
    })
  return notes
}

async function probe(name: TreeEngineName, options: ProbeOptions): Promise<Probed> {
  const env = engineEnvironment(options.environment, options.identity)
  const path = env['PATH'] ?? ''
  const program = findProgram(name, path)
  if (program === undefined)
    return notHere(
      name,
      name === 'apptainer'
        ? 'sudo scripts/setup.sh (Debian), or https://apptainer.org/docs/admin/main/installation.html'
        : 'https://docs.sylabs.io/guides/latest/admin-guide/installation.html, or Apptainer instead',
    )
  const mapping = mappingOf(options.identity, options.ignoreSubordinate)
  const found = await versionOf(program, env, options.identity, new Answers(options.store, options.identity))
  const {version} = found
  const notes: Note[] = [...toolNotes(path, TOOLS), ...userNotes(options.identity, mapping, path)]
  if (found.version === undefined) notes.unshift(found.trouble)
  else if (name === 'singularity') {
    // Apptainer's package brings a link of that name.
    if (/apptainer/i.test(found.line))
      notes.unshift({ok: false, text: 'this is Apptainer under its old name', fix: 'use --engine apptainer'})
    else notes.push(...singularityNotes(found.version, options.identity, mapping, path))
  }
  return {status: {name, usable: notes.every(each => each.ok), version, path: program, mapping, notes}}
}

export function probeApptainer(options: ProbeOptions): Promise<Probed> {
  return probe('apptainer', options)
}

export function probeSingularity(options: ProbeOptions): Promise<Probed> {
  return probe('singularity', options)
}
