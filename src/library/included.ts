/** Files that a description takes stages from: Dockerfiles and definition files, never outside the build context. */
import {readFileSync, realpathSync, statSync} from 'node:fs'
import {dirname, join, resolve, sep} from 'node:path'
import {detectFormat} from '../formats/index.js'
import type {ContextFiles, IncludedFile} from '../model/format.js'

/** A Dockerfile is no longer than this; what is, is data. */
const LARGEST = 16 << 20

/**
 * @param folder how the context's folder is called in messages
 * @param texts gets the text of each file by its name in messages
 */
export function includedFiles(
  context: ContextFiles,
  folder: string,
  texts: Map<string, string>,
): (path: string, folder?: string) => IncludedFile | undefined {
  return (path, at = dirname(path)) => {
    const text = textInside(context.root, path)
    if (text === undefined) return undefined
    const format = detectFormat(path, text)?.name ?? 'dockerfile'
    const name = join(folder, path)
    texts.set(name, text)
    // K106, for the folder that its copies are relative to.
    const own = [`${path}.dockerignore`, join(at, '.dockerignore')].find(each => context.kindFollowed(each) === 'file')
    return {name, text, format, ...(format !== 'dockerfile' || own === undefined || own === '.dockerignore' ? {} : {ignore: own})}
  }
}

function textInside(root: string, path: string): string | undefined {
  try {
    const [top, real] = [realpathSync(root), realpathSync(resolve(root, path))]
    const stats = statSync(real)
    if (!real.startsWith(top + sep) || !stats.isFile() || stats.size > LARGEST) return undefined
    return new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(readFileSync(real))
  } catch {
    return undefined
  }
}
