/**
 * Where the dynamic loaders of an image look for libraries (ld.so(8), ldconfig(8) and glibc's `sysdeps/generic/dl-cache.h`;
 * for musl `ldso/dynlink.c`).
 */
import type {Image, ImageTree} from '../model/image.js'
import {baseName, folderOf, joinPath, namePattern, resolvedPath} from '../model/paths.js'
import {readSmallFiles} from './small-files.js'

export interface Loaders {
  /** glibc: paths by the name of a library, as `ldconfig` has written them down. */
  readonly cache: ReadonlyMap<string, readonly string[]>
  /** Folders of ld.so.conf. Only `ldconfig` looks into them: a library that came later is not found. */
  readonly configured: readonly string[]
  /** Folders that glibc's loader looks into by itself. */
  readonly glibc: readonly string[]
  /** Folders that musl's loader looks into. */
  readonly musl: readonly string[]
  /** Whether the image has a loader of the kind at all. */
  readonly has: {readonly glibc: boolean; readonly musl: boolean}
}

const CACHE = '/etc/ld.so.cache'
const CONFIG = '/etc/ld.so.conf'
const MAGIC = 'glibc-ld.so.cache1.1'
const HEADER_BYTES = 48
const ENTRY_BYTES = 24
const MOST_ENTRIES = 200_000
const DEEPEST_INCLUDE = 8
const LONGEST_FOLDER = 200

/** The names and paths in an ld.so.cache; one that cannot be read is taken for empty, as the loader does. */
function parseCache(bytes: Buffer): ReadonlyMap<string, readonly string[]> {
  const result = new Map<string, string[]>()
  // A cache of both formats starts with the old one.
  const start = bytes.indexOf(MAGIC, 0, 'latin1')
  if (start < 0 || bytes.length < start + HEADER_BYTES) return result
  const big = bytes[start + 28] === 3
  const u32 = (at: number) => (big ? bytes.readUInt32BE(at) : bytes.readUInt32LE(at))
  const count = Math.min(u32(start + 20), MOST_ENTRIES, Math.floor((bytes.length - start - HEADER_BYTES) / ENTRY_BYTES))
  const text = (offset: number) => {
    const from = start + offset
    const end = bytes.indexOf(0, from)
    return end < 0 ? '' : bytes.toString('utf8', from, end)
  }
  for (let i = 0; i < count; i += 1) {
    const at = start + HEADER_BYTES + i * ENTRY_BYTES
    const [name, path] = [text(u32(at + 4)), text(u32(at + 8))]
    if (name === '' || !path.startsWith('/')) continue
    const known = result.get(name)
    if (known) known.push(path)
    else result.set(name, [path])
  }
  return result
}

/** Paths that a pattern of `include` means; `*` and `?` in the last name only, as people write it. */
function included(tree: ImageTree, pattern: string): string[] {
  const folder = folderOf(pattern)
  const name = baseName(pattern)
  if (!/[*?[]/.test(name)) return [pattern]
  const found = tree.resolve(folder)
  if (found.kind !== 'found') return []
  const expression = namePattern(name)
  return tree
    .list(found.entry.path)
    .filter(each => expression.test(each) && !each.startsWith('.'))
    .map(each => joinPath(folder, each))
}

/** Folders of an ld.so.conf with what it includes, in order. */
function configuredFolders(tree: ImageTree, files: ReadonlyMap<string, Buffer>): string[] {
  const folders: string[] = []
  const read = (file: string, depth: number) => {
    const content = files.get(file)
    if (content === undefined || depth > DEEPEST_INCLUDE) return
    for (const raw of content.toString('utf8').split('\n')) {
      const line = raw.replace(/#.*$/s, '').trim()
      const include = /^include\s+(.*)$/.exec(line)
      if (include !== null) {
        for (const word of (include[1] ?? '').split(/\s+/)) {
          // A relative name starts at the folder of the file that names it.
          const pattern = word.startsWith('/') ? word : joinPath(folderOf(file), word)
          for (const each of included(tree, pattern)) read(each, depth + 1)
        }
        continue
      }
      for (const word of line.split(/[\s:,]+/)) if (word.startsWith('/')) folders.push(word.replace(/=.*$/, ''))
    }
  }
  read(CONFIG, 0)
  return folders
}

/** `x86_64-linux-gnu` and its like, where the image keeps its libraries by such names (Debian's multiarch). */
function multiarch(tree: ImageTree): string[] {
  const names = ['/usr/lib', '/lib'].flatMap(folder => tree.list(resolvedPath(tree, folder)))
  return [...new Set(names)].filter(name => /^[\w]+-linux-gnu\w*$/.test(name))
}

/**
 * The folders that are compiled into a glibc loader: names that end in a slash and a NUL, one after the other. Two
 * systems of one architecture differ in them, so that a loader from elsewhere does not look where the image's own would.
 */
function compiledFolders(loader: Buffer | undefined): readonly string[] | undefined {
  if (loader === undefined) return undefined
  let run: string[] = []
  for (let from = loader.indexOf('/lib'); from !== -1 && from < loader.length; ) {
    const end = loader.indexOf(0, from)
    if (end === -1) break
    const text = end - from < LONGEST_FOLDER ? loader.toString('latin1', from, end) : ''
    if (/^\/[\w./-]*lib[\w./-]*\/$/.test(text)) {
      run.push(text.slice(0, -1))
      from = end + 1
      continue
    }
    if (run.length > 1) return run
    run = []
    from = loader.indexOf('/lib', from + 1)
  }
  return run.length > 1 ? run : undefined
}

/** @throws SifstageError when the image is damaged */
export async function readLoaders(image: Image, signal: AbortSignal): Promise<Loaders> {
  const {tree} = image
  const beside = tree.list(resolvedPath(tree, '/etc/ld.so.conf.d')).map(name => `/etc/ld.so.conf.d/${name}`)
  const names = tree.list(resolvedPath(tree, '/lib'))
  const muslPaths = tree
    .list(resolvedPath(tree, '/etc'))
    .filter(name => /^ld-musl-.*\.path$/.test(name))
    .map(name => `/etc/${name}`)
  const triplets = multiarch(tree)
  const loaders = ['/lib64', '/lib', ...triplets.map(each => `/lib/${each}`)].flatMap(folder =>
    tree
      .list(resolvedPath(tree, folder))
      .filter(name => /^ld-linux[\w.-]*\.so\.\d$|^ld64\.so\.\d$/.test(name))
      .map(name => `${folder}/${name}`),
  )
  const files = await readSmallFiles(image, [CACHE, CONFIG, ...beside, ...muslPaths, ...loaders], signal)
  const compiled = loaders.map(path => compiledFolders(files.get(path))).find(each => each !== undefined)
  const cache = files.get(CACHE)
  const muslPath = muslPaths.map(path => files.get(path)?.toString('utf8')).find(text => text !== undefined)
  const glibcNames = [
    '/lib64',
    '/lib',
    '/usr/lib64',
    '/usr/lib',
    ...triplets.flatMap(each => [`/lib/${each}`, `/usr/lib/${each}`]),
  ]
  return {
    cache: cache === undefined ? new Map() : parseCache(cache),
    configured: configuredFolders(tree, files),
    glibc:
      compiled ??
      (triplets.length > 0
        ? [...triplets.flatMap(each => [`/lib/${each}`, `/usr/lib/${each}`]), '/lib', '/usr/lib']
        : ['/lib64', '/usr/lib64', '/lib', '/usr/lib']),
    musl: muslPath === undefined ? ['/lib', '/usr/local/lib', '/usr/lib'] : muslPath.split(/[\n:]/).filter(each => each !== ''),
    has: {
      musl: names.some(name => name.startsWith('ld-musl-')),
      glibc: glibcNames.some(folder =>
        tree.list(resolvedPath(tree, folder)).some(name => /^ld-linux[\w.-]*\.so\.\d$|^ld64\.so\.\d$/.test(name)),
      ),
    },
  }
}
