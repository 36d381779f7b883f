/** The image of an engine that keeps trees: as it was left in scratch, or unpacked from the store. */
import {join} from 'node:path'
import {type ImageForm, type WrittenArchive, writeImageArchive} from '../../images/image-archive.js'
import {chainOf} from '../../language/stages.js'
import type {Stage} from '../../model/description.js'
import {ExitCode, ImageNotKept, SifstageError} from '../../model/errors.js'
import type {ImageTree} from '../../model/image.js'
import type {Operation} from '../../model/operations.js'
import {baseName} from '../../model/paths.js'
import type {PackedImage} from '../../model/ports.js'
import type {StoredStage} from '../../model/store.js'
import {isForeign, settingsOf} from '../image-settings.js'
import type {BuildPorts, BuildRequest} from '../request.js'
import type {BuiltImage} from './kind.js'

/** The stage whose image is wanted; `root` is its tree in scratch, of a stage that was run. */
export interface Target {
  readonly stored: StoredStage
  readonly root: string | undefined
  /** Folder of scratch to work in. */
  readonly folder?: string
}

/** @throws ImageNotKept */
async function imageOf(stored: StoredStage, signal: AbortSignal): Promise<PackedImage> {
  const image = await stored.image(signal)
  if (image === undefined) throw new ImageNotKept(stored.record.key)
  return image
}

export function treeImage(target: Target, request: BuildRequest, ports: BuildPorts, signal: AbortSignal): BuiltImage {
  const {stored} = target
  const {images, scratch} = ports
  /** The person's own text as the definition that the image keeps (D122). */
  const definition: Operation = {
    op: 'write',
    path: '/.singularity.d/Singularity',
    text: request.description.text,
    mode: 0o644,
  }

  async function lay(): Promise<{root: string; folder: string}> {
    const folder = await scratch.folder(target.folder ?? 'output')
    if (target.root !== undefined) return {root: target.root, folder}
    const root = join(folder, 'rootfs')
    await images.unpack(await imageOf(stored, signal), root, undefined, signal)
    return {root, folder}
  }

  async function archive(file: string, form: ImageForm, names: readonly string[]): Promise<WrittenArchive> {
    const stage = request.description.stages[request.target]
    if (stage === undefined) throw new Error('the target is no stage')
    const tree = await stored.tree()
    refuseWhiteouts(tree)
    const settings = settingsOf({
      description: request.description,
      stage,
      baseConfig: stored.record.ociConfig ?? (await baseConfig(stage, request, ports, signal)),
      inspect: stored.record.inspect,
      tree,
    })
    for (const text of settings.notes) ports.sink.emit({event: 'note', severity: 'info', text})
    const {root, folder} = await lay()
    const keepsOwn = settings.leaveOut.length === 0 && tree.lookup('/.singularity.d') !== undefined
    const steps = [...(keepsOwn ? [definition] : []), ...settings.files]
    if (steps.length > 0) await images.operate({root, steps}, folder, signal)
    // The date of the stage, so that the same stage always comes to the same image.
    const created = Date.parse(stored.record.created)
    const newest = Math.floor(created / 1000)
    const path = join(folder, `layer.${form}`)
    const layer = await images.layer(root, path, {form, leaveOut: settings.leaveOut, newest}, signal)
    const {config, author} = settings
    const written = {architecture: request.architecture, created, config, author, names}
    const made = await writeImageArchive(file, form, layer, written, signal)
    await ports.out.places.remove(path)
    return made
  }

  return {
    stored,
    archive,
    async tree() {
      const laid = await lay()
      await images.operate({root: laid.root, steps: [definition]}, laid.folder, signal)
      return laid
    },
    async layTree(root) {
      await images.unpack(await imageOf(stored, signal), root, undefined, signal)
      await images.operate({root, steps: [definition]}, await scratch.folder(target.folder ?? 'output'), signal)
    },
  }
}

/** What the engine was not asked for when the stage was built: the base image itself says it. */
async function baseConfig(
  stage: Stage,
  {description, context}: BuildRequest,
  {bases, opener}: BuildPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  const base = chainOf(description, stage)[0]?.base
  if (base === undefined || base.kind === 'scratch' || !isForeign(base)) return undefined
  const resolved = await bases.resolve(base, context.root, signal)
  const image = await opener.base(base, resolved, context.root, signal)
  await image?.close()
  return image?.config
}

/** @throws SifstageError (3) for a name that layers have another use for */
function refuseWhiteouts(tree: ImageTree): void {
  for (const {path} of tree.below('/')) {
    if (!baseName(path).startsWith('.wh.')) continue
    throw new SifstageError(
      ExitCode.unfaithful,
      `${path} cannot be in an image of layers, where names that start with .wh. mean that something is removed`,
      'Remove the file in the last step, or write a .sif.',
    )
  }
}
