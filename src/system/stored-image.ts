/** A stage of the store as an image: its listing is read already, and its squashfs is opened when a content is wanted. */
import {ImageNotKept} from '../model/errors.js'
import type {Image, ImageTree} from '../model/image.js'
import type {StoredStage} from '../model/store.js'
import {packedImage, type SquashfsOptions} from './squashfs-image.js'

/** `contents` throws ImageNotKept where the image was dropped for room. */
export function storedImage(stored: StoredStage, tree: ImageTree, options: SquashfsOptions): Image {
  const {record, facts} = stored
  const {architecture} = options
  return {
    // The listing tells everything: it was made from the unpacked tree.
    tree,
    ...(architecture === undefined ? {} : {architecture}),
    ...(record.ociConfig === undefined ? {} : {config: record.ociConfig}),
    facts,
    async contents(paths, visit, signal) {
      if (paths.length === 0) return
      const image = await stored.image(signal)
      if (image === undefined) throw new ImageNotKept(record.key)
      await packedImage(image.path, image.offset, tree, options).contents(paths, visit, signal)
    },
    async close() {},
  }
}
