/** Writes OUT of the target's image: one kind of OUT, one file in `outputs/`. */
import type {EngineStorage, FileOutput, StorageOutput} from '../model/outputs.js'
import type {KeptStage} from '../model/store.js'
import {writeArchive} from './outputs/archive.js'
import {writeToStorage} from './outputs/engine-storage.js'
import {writeHeldOutput} from './outputs/held-image.js'
import type {BuiltImage, Output, OutputTask} from './outputs/kind.js'
import {writeSandbox} from './outputs/sandbox.js'
import {writeSifOutput} from './outputs/sif.js'
import {treeImage} from './outputs/tree-image.js'
import type {BuildPorts, BuildRequest} from './request.js'

const files: Readonly<Record<FileOutput['kind'], (task: OutputTask<FileOutput>) => Promise<Output>>> = {
  sif: writeSifOutput,
  sandbox: writeSandbox,
  'oci-archive': writeArchive,
  'docker-archive': writeArchive,
}

const storages: Readonly<Record<EngineStorage, (task: OutputTask<StorageOutput>) => Promise<Output>>> = {
  'docker-daemon': writeToStorage,
  'containers-storage': writeToStorage,
}

/** Writes OUT of an image, however its engine keeps it. */
function writeImage(image: BuiltImage, request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<Output> {
  const {output} = request
  const task = {image, request, ports, signal}
  return 'name' in output ? storages[output.kind]({...task, output}) : files[output.kind]({...task, output})
}

/**
 * Writes OUT. A failed or stopped build leaves it as it was.
 * @throws SifstageError
 */
export async function writeOutput(
  {stored, root}: {readonly stored: KeptStage; readonly root: string | undefined},
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<Output> {
  if (stored.kind === 'held') return writeHeldOutput(stored, request, ports, signal)
  return writeImage(treeImage({stored, root}, request, ports, signal), request, ports, signal)
}
