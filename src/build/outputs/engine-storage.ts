/** OUT in the storage of an engine: an archive in scratch that the engine takes in. */
import {join} from 'node:path'
import type {StorageOutput} from '../../model/outputs.js'
import type {Output, OutputTask} from './kind.js'

export async function writeToStorage({output, image, ports, signal}: OutputTask<StorageOutput>): Promise<Output> {
  const {kind, path, name} = output
  const {places, receivers} = ports.out
  const file = join(await ports.scratch.folder('output'), 'image.docker.tar')
  // The form that all of them read, whatever their version.
  const {bytes} = await places.write(file, beside => image.archive(beside, 'docker', [name]))
  await ports.scratch.give(file)
  const digest = await receivers[kind].load(file, name, signal)
  await places.remove(file)
  return {path, digest, bytes}
}
