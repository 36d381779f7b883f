/** OUT as a folder. */
import {join} from 'node:path'
import type {FileOutput} from '../../model/outputs.js'
import type {Output, OutputTask} from './kind.js'

/** A sandbox keeps the owners that the engine gives its user, so it is unpacked in the namespace, beside its place. */
export async function writeSandbox({output, image, ports, signal}: OutputTask<FileOutput>): Promise<Output> {
  const {path} = output
  const beside = ports.out.places.beside(path)
  try {
    const inner = join(await ports.scratch.folder(beside), 'rootfs')
    await image.layTree(inner)
    signal.throwIfAborted()
    const aside = await ports.out.places.swap(inner, path)
    if (aside !== undefined) await ports.scratch.discard(aside)
  } finally {
    await ports.scratch.discard(beside)
  }
  return {path, digest: image.stored.record.digest, bytes: image.stored.record.image.bytes}
}
