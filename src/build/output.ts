/** Assembles OUT from the target's image: beside its place, then renamed (design section 6, 8). */
import {createHash} from 'node:crypto'
import {chown, rename, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {writeSif} from '../images/sif.js'
import {ImageNotKept} from '../model/errors.js'
import type {PackedImage} from '../model/ports.js'
import type {OutputRecord, StoredStage} from '../model/store.js'
import {besideName, copyWhole, fileError, hashFile} from '../system/files.js'
import type {BuildPorts, BuildRequest} from './request.js'

/** Layout of an assembled image; goes up when we assemble it otherwise. */
const OUTPUT_FORMAT = 2

export interface Output {
  readonly path: string
  readonly digest: string
  readonly bytes: number
}

/** The stage whose image is wanted; `root` is its tree in scratch, of a stage that was run. */
interface Target {
  readonly stored: StoredStage
  readonly root: string | undefined
}

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

/** @throws ImageNotKept */
async function imageOf(stored: StoredStage, signal: AbortSignal): Promise<PackedImage> {
  const image = await stored.image(signal)
  if (image === undefined) throw new ImageNotKept(stored.record.key)
  return image
}

/** The target's tree in scratch with the person's text in place: as it was left, or unpacked from the store. */
async function treeFor(
  target: Target,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<{root: string; folder: string}> {
  const folder = await ports.scratch.folder('output')
  let {root} = target
  if (root === undefined) {
    root = join(folder, 'rootfs')
    await ports.images.unpack(await imageOf(target.stored, signal), root, undefined, signal)
  }
  await putDefinition(root, folder, request, ports, signal)
  return {root, folder}
}

/** The person's own text as the definition that the image keeps (D122). */
function putDefinition(
  root: string,
  folder: string,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<void> {
  const {text} = request.description
  const steps = [{op: 'write', path: '/.singularity.d/Singularity', text, mode: 0o644}] as const
  return ports.images.operate({root, steps}, folder, signal)
}

async function assembleSif(
  target: Target,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<{file: string; digest: string; bytes: number}> {
  const {root, folder} = await treeFor(target, request, ports, signal)
  const squashfs = join(folder, 'output.sqfs')
  // Apptainer packs with gzip unless it is told otherwise (D136).
  await ports.images.pack(
    root,
    squashfs,
    request.output.mksquashfs.length === 0 ? ['-comp', 'gzip'] : request.output.mksquashfs,
    signal,
  )
  const file = join(folder, 'output.sif')
  const {record} = target.stored
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
  await rm(squashfs, {force: true})
  return {file, digest: await hashFile(file), bytes: (await stat(file)).size}
}

async function writeSifOutput(target: Target, request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<Output> {
  const {path, mksquashfs} = request.output
  const stageKey = target.stored.record.key
  const hash = createHash('sha256').update(
    JSON.stringify([OUTPUT_FORMAT, 'sif', stageKey, target.stored.record.image.digest, request.description.text, mksquashfs]),
  )
  const key = `sha256:${hash.digest('hex')}`
  const known = stageKey === '' ? undefined : await ports.store.findOutput(key)
  if (known !== undefined) {
    await put(known.path, path)
    return {path, digest: known.record.digest, bytes: known.record.bytes}
  }
  const {file, digest, bytes} = await assembleSif(target, request, ports, signal)
  signal.throwIfAborted()
  await put(file, path)
  if (stageKey !== '') {
    const record: OutputRecord = {version: 2, key, digest, bytes, created: new Date(ports.now()).toISOString()}
    await ports.store.putOutput(key, file, record)
  }
  return {path, digest, bytes}
}

async function put(from: string, to: string): Promise<void> {
  try {
    await copyWhole(from, to)
    // A copy can take over the owner of its source, which is the engine's user; OUT belongs to the caller.
    await chown(to, process.getuid?.() ?? -1, process.getgid?.() ?? -1)
  } catch (error) {
    throw fileError(`${to} cannot be written`, error)
  }
}

/** A sandbox keeps the owners that the engine gives its user, so it is unpacked in the namespace, beside its place. */
async function writeSandbox(target: Target, request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<Output> {
  const {path} = request.output
  const beside = besideName(path)
  try {
    const inner = join(await ports.scratch.folder(beside), 'rootfs')
    await ports.images.unpack(await imageOf(target.stored, signal), inner, undefined, signal)
    const folder = await ports.scratch.folder('output')
    await putDefinition(inner, folder, request, ports, signal)
    signal.throwIfAborted()
    const old = await stat(path).then(
      () => true,
      () => false,
    )
    const aside = `${beside}.old`
    if (old) await rename(path, aside)
    await rename(inner, path)
    if (old) await ports.scratch.discard(aside)
  } finally {
    await ports.scratch.discard(beside)
  }
  return {path, digest: target.stored.record.digest, bytes: target.stored.record.image.bytes}
}

/**
 * Writes OUT. A failed or stopped build leaves it as it was.
 * @throws SifstageError
 */
export async function writeOutput(
  target: Target,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<Output> {
  return request.output.kind === 'sif'
    ? writeSifOutput(target, request, ports, signal)
    : writeSandbox(target, request, ports, signal)
}
