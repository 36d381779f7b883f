/** OUT of an image that its engine keeps itself: it writes archives, and gives names. */
import {ImageNotKept} from '../../model/errors.js'
import type {HeldStage} from '../../model/store.js'
import type {BuildPorts, BuildRequest} from '../request.js'
import {hasImage} from '../trees.js'
import {nameOfArchive} from './archive.js'
import type {Output} from './kind.js'

/** Whose storage an OUT of that kind is in. */
function isOwn(kind: BuildRequest['output']['kind'], engine: string): boolean {
  return kind === (engine === 'docker' ? 'docker-daemon' : 'containers-storage')
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
  const storage = ports.storage(record.engine.name)
  const {places, receivers} = ports.out
  if (!(await hasImage(stored, ports, signal))) throw new ImageNotKept(record.key)
  if ('name' in output) {
    if (isOwn(output.kind, record.engine.name)) {
      await storage.tag(record.name, output.name, signal)
      return {path: output.path, digest: record.digest, bytes: record.bytes}
    }
    // The form that all of them read, whatever their version.
    const file = `${await ports.scratch.folder('output')}/image.docker.tar`
    await storage.save(record.name, 'docker', file, signal)
    await ports.scratch.give(file)
    const digest = await receivers[output.kind].load(file, record.name, signal)
    const {bytes} = await places.facts(file)
    await places.remove(file)
    return {path: output.path, digest, bytes}
  }
  const [name = record.name] = nameOfArchive(output.path)
  const own = await storage.find(name, signal)
  await storage.tag(record.name, name, signal)
  try {
    await places.write(output.path, file => storage.save(name, output.kind === 'oci-archive' ? 'oci' : 'docker', file, signal))
  } finally {
    // The name is for the archive; what had it here has it again.
    if (own === undefined) await storage.remove(name)
    else await storage.tag(own.id, name, signal)
  }
  return {path: output.path, ...(await places.facts(output.path))}
}
