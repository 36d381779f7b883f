/** Which engines come into question for an input and an OUT, in which order and why. Whether one works is asked elsewhere. */
import type {FormatName} from '../model/description.js'
import {ENGINE_NAMES, type EngineName, isEngineName} from '../model/engines.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EngineStatus} from '../model/ports.js'

/** What OUT is. */
export type OutputKind = 'sif' | 'sandbox' | 'oci-archive' | 'docker-archive' | 'docker-daemon' | 'containers-storage'

export interface EngineQuestion {
  /** `--engine`, the setting, or a stage's own `engine:`; `auto` leaves it to us. */
  readonly wanted: string
  readonly format: FormatName
  readonly output: OutputKind
}

export interface Candidate {
  readonly name: EngineName
  /** In a few words, behind the engine's name. */
  readonly why: string
}

function all(why: string, ...names: readonly EngineName[]): Candidate[] {
  return names.map(name => ({name, why}))
}

const KINDS: Readonly<Record<OutputKind, string>> = {
  sif: 'a .sif',
  sandbox: 'a sandbox folder',
  'oci-archive': 'an OCI archive',
  'docker-archive': 'a docker archive',
  'docker-daemon': "an image of docker's daemon",
  'containers-storage': 'an image of podman and buildah',
}

/** Engines whose own storage OUT is in, or which write it themselves. */
function owners(output: OutputKind): Candidate[] {
  const why = `OUT is ${KINDS[output]}`
  switch (output) {
    case 'sif':
    case 'sandbox':
      return all(why, 'apptainer', 'singularity')
    case 'docker-daemon':
      return all(why, 'docker')
    case 'containers-storage':
      return all(why, 'podman', 'buildah')
    case 'oci-archive':
    case 'docker-archive':
      return all(why, 'docker', 'podman', 'buildah')
  }
}

/**
 * The engines to try, the best first.
 * @throws SifstageError (2) for a name that is none
 */
export function candidateEngines({wanted, format, output}: EngineQuestion): readonly Candidate[] {
  if (wanted !== 'auto') {
    if (!isEngineName(wanted))
      throw new SifstageError(
        ExitCode.usage,
        `--engine ${wanted}: there is no such engine`,
        `The engines are: auto, ${ENGINE_NAMES.join(', ')}. \`sifstage engines\` shows what is here.`,
      )
    return [{name: wanted, why: 'it was asked for'}]
  }
  if (output === 'sif' || output === 'sandbox') return owners(output)
  if (format === 'def')
    return [
      ...all('a definition file is its own language', 'apptainer', 'singularity'),
      ...owners(output).map(({name, why}) => ({name, why: `${why}, and the definition file can be converted`})),
    ]
  const archive = output === 'oci-archive' || output === 'docker-archive'
  return [...owners(output), ...(archive ? all('an archive can be made of its tree', 'apptainer', 'singularity') : [])]
}

/** What an OUT is by its name; without one it is a .sif. What it may not be called is said where it is written. */
export function outputKindOf(out: string | undefined): OutputKind {
  if (out === undefined) return 'sif'
  if (out.startsWith('docker-daemon:')) return 'docker-daemon'
  if (out.startsWith('containers-storage:')) return 'containers-storage'
  if (out.endsWith('.oci.tar')) return 'oci-archive'
  if (out.endsWith('.docker.tar')) return 'docker-archive'
  return out.endsWith('/') ? 'sandbox' : 'sif'
}

/** One line for people: `docker: OUT is an image of docker's daemon`. */
export function choiceLine({name, why}: Candidate): string {
  return `${name}: ${why}`
}

/** What an engine looked at for a choice has to tell. */
export interface Looked {
  readonly status: EngineStatus
}

/**
 * The first engine that works. Each is looked at only when those before it do not.
 * @throws SifstageError (2) for a name that is none, (4) when none works, with what to do for each
 */
export async function chooseEngine<T extends Looked>(
  question: EngineQuestion,
  look: (name: EngineName) => Promise<T>,
): Promise<T & {readonly candidate: Candidate}> {
  const failed: EngineStatus[] = []
  for (const candidate of candidateEngines(question)) {
    const looked = await look(candidate.name)
    if (looked.status.usable) return {...looked, candidate}
    failed.push(looked.status)
  }
  throw noEngine(question, failed)
}

function noEngine({wanted, output}: EngineQuestion, failed: readonly EngineStatus[]): SifstageError {
  const troubles = failed.map(({name, notes}) => {
    const trouble = notes.find(each => !each.ok)
    return {name, text: trouble?.text ?? 'it cannot be used', fix: trouble?.fix}
  })
  // Where one is here and only lacks something, that is the shortest way: what is not here comes behind it.
  const fixes = troubles.filter(each => each.fix !== undefined).sort((a, b) => Number(isAbsent(a)) - Number(isAbsent(b)))
  const needed = wanted === 'auto' ? ` for ${KINDS[output]}` : ''
  return new SifstageError(
    ExitCode.noEngine,
    `no usable engine${needed}: ${troubles.map(({name, text}) => `${name}: ${text}`).join('; ')}`,
    [
      ...fixes.map(({name, fix}) => (fixes.length === 1 ? `${fix}` : `${name}: ${fix}`)),
      '`sifstage engines` shows all that is here.',
    ].join('\n'),
  )
}

function isAbsent({text}: {readonly text: string}): boolean {
  return text === 'not found in PATH'
}
