/**
 * Paths as text, above all those of an image: absolute, clean, `/` for the root. They are part of the model since all
 * layers take them apart; what an engine makes of a path that a person wrote is in `language/paths.ts`.
 */
import type {ImageTree} from './image.js'

/** The last name of a path: what comes after the last `/`, so that one that ends in `/` has none. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1)
}

/** The folder that an absolute path lies in; the root lies in itself. */
export function folderOf(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash <= 0 ? '/' : path.slice(0, slash)
}

/** A name in an absolute folder: `/a/b` and `c` are `/a/b/c`, `/` and `c` are `/c`. */
export function joinPath(folder: string, name: string): string {
  return folder === '/' ? `/${name}` : `${folder}/${name}`
}

/** The names that a path goes through, `..` among them; empty ones and `.` lead nowhere. */
export function pathParts(path: string): string[] {
  return path.split('/').filter(part => part !== '' && part !== '.')
}

/** Whether the `..` of a path, read as text, climb above where it starts. */
export function climbsOut(path: string): boolean {
  let depth = 0
  for (const part of pathParts(path)) {
    depth += part === '..' ? -1 : 1
    if (depth < 0) return true
  }
  return false
}

/** Where a path ends up when `from`, which is it or a folder above it, becomes `to`. All are absolute and clean. */
export function movedPath(path: string, from: string, to: string): string {
  const rest = from === '/' ? path : path.slice(from.length)
  return rest === '' || rest === '/' ? to : `${to === '/' ? '' : to}${rest}`
}

/** A pattern of names, `libmpi.so*`: `*` and `?`, and no other character means more than itself. */
export function namePattern(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|\\[\]]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 's')
}

/** The path that another leads to in an image, links followed; the same path where nothing is there. */
export function resolvedPath(tree: Pick<ImageTree, 'resolve'>, path: string): string {
  const found = tree.resolve(path)
  return found.kind === 'found' ? found.entry.path : path
}
