/** A stage of the store as an image: its listing is read already, and its squashfs is opened when a content is wanted. */
import type {Image, ImageTree} from '../model/image.js'
import type {StoredStage} from '../model/ports.js'
import {type SquashfsOptions, squashfsImage} from './squashfs-image.js'

export function storedImage({image, record}: StoredStage, tree: ImageTree, options: SquashfsOptions): Image {
  let opened: Promise<Image> | undefined
  return {
    // The listing tells everything: it was made from the unpacked tree.
    tree,
    ...(record.ociConfig === undefined ? {} : {config: record.ociConfig}),
    async contents(paths, visit, signal) {
      if (paths.length === 0) return
      opened ??= squashfsImage(image.path, image.offset, options)
      await (await opened).contents(paths, visit, signal)
    },
    async close() {
      await (await opened)?.close()
    },
  }
}
