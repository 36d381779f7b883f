/** Paths as text: Go's `path.Clean` and joins. No file is looked at. */

/** Without `.`, empty parts and trailing `/`; `..` taken back where there is something to take; `.` for nothing. */
export function cleanPath(path: string): string {
  const absolute = path.startsWith('/')
  const parts: string[] = []
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (!absolute) parts.push(part)
  }
  const clean = parts.join('/')
  return absolute ? `/${clean}` : clean === '' ? '.' : clean
}

/** Clean and absolute: `..` can't lead above `/` (K82, K83). */
export function absolutePath(folder: string, path: string): string {
  return cleanPath(path.startsWith('/') ? path : `/${folder}/${path}`)
}

/**
 * A name behind a folder as a person writes it: without one it stays relative, and a `/` at its end is not doubled.
 * `joinPath` of the model is for places in an image, which are absolute.
 */
export function joinWritten(folder: string, name: string): string {
  return folder === '' || folder.endsWith('/') ? `${folder}${name}` : `${folder}/${name}`
}

/** Clean and relative to a root that nothing leads out of: `../f` and `/f` are `f` (K81); the root is `.`. */
export function rootedPath(path: string): string {
  const clean = cleanPath(`/${path}`).slice(1)
  return clean === '' ? '.' : clean
}

/** Whether a path says itself that it means a folder: it ends in `/` or `/.` (K83). */
export function isFolderMark(path: string): boolean {
  return /\/\.?$/.test(path)
}

/** A destination made absolute; a `/` at its end stays as the mark of a folder, and the working folder itself is one (K83). */
export function destinationPath(folder: string, path: string): string {
  const absolute = absolutePath(folder, path)
  const isFolder = path === '' || path === '.' || isFolderMark(path)
  return isFolder && absolute !== '/' ? `${absolute}/` : absolute
}
