/** OUT of an image that its engine keeps itself: it writes archives, and gives names. */
import {normalizeReference} from '../../model/reference.js'
import type {HeldStage} from '../../model/store.js'
import type {BuildPorts, BuildRequest} from '../request.js'
import {storageWith} from '../trees.js'
import {nameOfArchive} from './archive.js'
import type {Output} from './kind.js'

/** Whose storage an OUT of that kind is in. */
function isOwn(kind: BuildRequest['output']['kind'], engine: string): boolean {
  return kind === (engine === 'docker' ? 'docker-daemon' : 'containers-storage')
}

/** With its registry, which podman would take for its own machine where none is named. */
function fullName(name: string): string {
  return normalizeReference(name).replace(/^docker:\/\//, '')
}

/** Writes the image as an archive in scratch, where the engine's user may write, under a name that it has in there. */
async function saved(
  {record}: HeldStage,
  name: string,
  form: 'oci' | 'docker',
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<string> {
  const storage = ports.storage(record.engine.name)
  const file = `${await ports.scratch.folder('output')}/image.${form}.tar`
  const before = await storage.find(name, signal)
  await storage.tag(record.name, name, signal)
  try {
    await storage.save(name, form, file, signal)
  } finally {
    // The name is for the archive; what had it here has it again.
    if (before === undefined) await storage.remove(name)
    else await storage.tag(before.id, name, signal)
  }
  await ports.scratch.give(file)
  return file
}

/**
 * @throws ImageNotKept
 * @throws SifstageError
 */
export async function writeHeldOutput(
  stored: HeldStage,
  {output}: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<Output> {
  const {record} = stored
  const {places, receivers} = ports.out
  const storage = await storageWith(stored, ports, signal)
  if ('name' in output) {
    if (isOwn(output.kind, record.engine.name)) {
      await storage.tag(record.name, output.name, signal)
      return {path: output.path, digest: record.digest, bytes: record.bytes}
    }
    // The form that all of them read, whatever their version.
    const file = await saved(stored, fullName(output.name), 'docker', ports, signal)
    const digest = await receivers[output.kind].load(file, output.name, signal)
    const {bytes} = await places.facts(file)
    await places.remove(file)
    return {path: output.path, digest, bytes}
  }
  const [name = record.name] = nameOfArchive(output.path)
  const file = await saved(stored, name, output.kind === 'oci-archive' ? 'oci' : 'docker', ports, signal)
  signal.throwIfAborted()
  await places.copy(file, output.path)
  await places.remove(file)
  return {path: output.path, ...(await places.facts(output.path))}
}
