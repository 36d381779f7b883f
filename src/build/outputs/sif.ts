/** OUT as a SIF: packed and put together as Apptainer does, kept in the store for the next time. */
import {createHash} from 'node:crypto'
import {join} from 'node:path'
import {writeSif} from '../../images/sif.js'
import type {FileOutput} from '../../model/outputs.js'
import type {OutputRecord} from '../../model/store.js'
import type {Output, OutputTask} from './kind.js'

/** Layout of an assembled image; goes up when we assemble it otherwise. */
const OUTPUT_FORMAT = 2

/** Go's `encoding/json` escapes these, and Apptainer's objects are written by it. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** The engine's account of the metadata with the person's own text as the definition; the text itself when the engine gave none. */
function metadata(inspect: string | undefined, definition: string): string | undefined {
  if (inspect === undefined) return undefined
  try {
    const parsed: {data?: {attributes?: Record<string, unknown>}} = JSON.parse(inspect)
    if (parsed.data?.attributes === undefined) return undefined
    // `inspect` leaves out the line ends at the end.
    parsed.data.attributes['deffile'] = definition.replace(/\n+$/, '')
    return goJson(parsed)
  } catch {
    return undefined
  }
}

async function assemble({output, image, request, ports, signal}: OutputTask<FileOutput>): Promise<string> {
  const {root, folder} = await image.tree()
  const squashfs = join(folder, 'output.sqfs')
  const {mksquashfs} = output
  // Apptainer packs with gzip unless it is told otherwise (D136).
  await ports.images.pack(root, squashfs, mksquashfs.length === 0 ? ['-comp', 'gzip'] : mksquashfs, signal)
  const file = join(folder, 'output.sif')
  const {record} = image.stored
  const inspect = metadata(record.inspect, request.description.text)
  await writeSif(file, {
    definition: request.description.text,
    json: [
      ...(inspect === undefined ? [] : [{name: 'inspect-metadata.json', text: inspect}]),
      ...(record.ociConfig === undefined ? [] : [{name: 'oci-config.json', text: record.ociConfig}]),
    ],
    squashfs,
    architecture: request.architecture,
    created: Math.floor(ports.now() / 1000),
  })
  await ports.out.places.remove(squashfs)
  return file
}

export async function writeSifOutput(task: OutputTask<FileOutput>): Promise<Output> {
  const {output, image, request, ports, signal} = task
  const {places} = ports.out
  const {path, mksquashfs} = output
  const stageKey = image.stored.record.key
  const hash = createHash('sha256').update(
    JSON.stringify([OUTPUT_FORMAT, 'sif', stageKey, image.stored.record.image.digest, request.description.text, mksquashfs]),
  )
  const key = `sha256:${hash.digest('hex')}`
  const known = stageKey === '' ? undefined : await ports.store.findOutput(key)
  if (known !== undefined) {
    await places.copy(known.path, path)
    return {path, digest: known.record.digest, bytes: known.record.bytes}
  }
  const file = await assemble(task)
  const {digest, bytes} = await places.facts(file)
  signal.throwIfAborted()
  await places.copy(file, path)
  if (stageKey !== '') {
    const record: OutputRecord = {version: 2, key, digest, bytes, created: new Date(ports.now()).toISOString()}
    await ports.store.putOutput(key, file, record)
  }
  return {path, digest, bytes}
}
