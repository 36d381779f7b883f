/** OUT as an archive that engines load: an OCI layout in a tar, or one of docker's kind. */
import type {FileOutput} from '../../model/outputs.js'
import {baseName} from '../../model/paths.js'
import type {Output, OutputTask} from './kind.js'

/**
 * The name that an image gets when it is loaded, after its file. Of this machine, so that it takes the place of no image
 * that came from elsewhere.
 */
export function nameOfArchive(path: string): string[] {
  const name = baseName(path)
    .replace(/\.(oci|docker)\.tar$/, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
  return name === '' ? [] : [`localhost/${name}:latest`]
}

export async function writeArchive({output, image, ports}: OutputTask<FileOutput>): Promise<Output> {
  const {kind, path} = output
  const form = kind === 'oci-archive' ? 'oci' : 'docker'
  const made = await ports.out.places.write(path, file => image.archive(file, form, nameOfArchive(path)))
  return {path, ...made}
}
