/** An OCI layout that is a folder. */
import type {Image} from '../model/image.js'
import {openInside, readRange} from './host-file.js'
import {type Blobs, blobsImage, type LayeredOptions, pickOci} from './picked.js'

/** The files of a layout that is a folder; links in it lead nowhere else. */
export function layoutFiles(folder: string): Blobs {
  return {
    async open(name) {
      const handle = await openInside(folder, name)
      const {size} = await handle.stat()
      return {size, stream: () => readRange(handle, 0, size, true), close: () => handle.close()}
    },
  }
}

/**
 * The image in an OCI layout.
 * @throws SifstageError when it is damaged, or has several and none is named
 */
export function layoutImage(folder: string, options: LayeredOptions): Promise<Image> {
  return blobsImage(layoutFiles(folder), pickOci, options)
}
