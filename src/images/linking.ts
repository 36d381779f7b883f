/**
 * Loads programs as the dynamic loader of an image would, on paper: which libraries each needs, where they are found,
 * and which are not (ld.so(8); glibc `elf/dl-load.c`, `elf/dl-version.c`; musl `ldso/dynlink.c`).
 */
import type {Image, ImageTree} from '../model/image.js'
import {baseName, folderOf, joinPath, resolvedPath} from '../model/paths.js'
import type {Elf, Linked, MissingLibrary, MissingVersion, Program} from '../model/program.js'
import {type Loaders, readLoaders} from './loader.js'
import {readPrograms} from './programs.js'

/** What of the surroundings decides where the loader looks. */
export interface LinkScene {
  readonly image: Image
  /** `LD_LIBRARY_PATH`, as far as it is known. */
  readonly libraryPath: readonly string[]
}

/** More libraries than one program has ever been loaded with. */
const MOST_OBJECTS = 2000
const MOST_ROUNDS = 64

/** Names that musl's loader answers itself (`ldso/dynlink.c`, `load_library`). */
const MUSL_OWN = /^lib(c|pthread|rt|m|dl|util|xnet)\.so$|^libc\.musl-[\w]+\.so\.1$/

interface Loaded {
  /** As it was found: `$ORIGIN` is its folder. */
  readonly path: string
  readonly elf: Elf
  readonly parent: Loaded | undefined
}

/** `$ORIGIN`, `$LIB` and `$PLATFORM` filled in; a folder that is not absolute says nothing about an image. */
function expand(folders: readonly string[], object: Loaded): string[] {
  return folders.flatMap(folder => {
    const origin = folder.replaceAll(/\$ORIGIN\b|\$\{ORIGIN\}/g, folderOf(object.path))
    const variants = /\$(LIB\b|\{LIB\})/.test(origin) ? ['lib64', 'lib', 'lib/x86_64-linux-gnu', 'lib/aarch64-linux-gnu'] : ['']
    return variants
      .map(lib => origin.replaceAll(/\$LIB\b|\$\{LIB\}/g, lib))
      .filter(each => each.startsWith('/') && !each.includes('$'))
  })
}

/** Loads a set of programs in one image. Facts that were read once are kept for the next. */
export class Linker {
  readonly #programs = new Map<string, Program>()
  readonly #names = new Map<string, string[]>()
  #loaders: Loaders | undefined
  #wanted = new Set<string>()

  constructor(readonly scene: LinkScene) {}

  get tree(): ImageTree {
    return this.scene.image.tree
  }

  async loaders(signal: AbortSignal): Promise<Loaders> {
    this.#loaders ??= await readLoaders(this.scene.image, signal)
    return this.#loaders
  }

  /** What is known already of files of this image, so that they are not read again. */
  know(path: string, program: Program): void {
    this.#programs.set(path, program)
  }

  /**
   * Loads each of these files.
   * @throws SifstageError when the image is damaged
   */
  async link(paths: Iterable<string>, signal: AbortSignal): Promise<Map<string, Linked>> {
    const loaders = await this.loaders(signal)
    const results = new Map<string, Linked>()
    let open = [...paths]
    for (let round = 0; open.length > 0 && round < MOST_ROUNDS; round += 1) {
      this.#wanted = new Set()
      const rest: string[] = []
      for (const path of open) {
        const linked = this.#load(path, loaders)
        if (this.#waits) rest.push(path)
        else if (linked !== undefined) results.set(path, linked)
      }
      if (this.#wanted.size > 0) {
        for (const [path, program] of await readPrograms(this.scene.image, this.#wanted, signal))
          this.#programs.set(path, program)
        // Whatever gave no answer is nothing that can be loaded.
        for (const path of this.#wanted) if (!this.#programs.has(path)) this.#programs.set(path, {kind: 'other'})
      }
      open = rest
    }
    return results
  }

  /** Set when the last load met a file that has not been read. */
  #waits = false

  /** The file that a path leads to, when it can be loaded by a program like this; `wait` when it has to be read first. */
  #candidate(path: string, like: Elf): {readonly path: string; readonly elf: Elf} | 'wait' | undefined {
    const found = this.tree.resolve(path)
    if (found.kind !== 'found' || found.entry.kind !== 'file') return undefined
    const program = this.#programs.get(found.entry.path)
    if (program === undefined) {
      this.#wanted.add(found.entry.path)
      return 'wait'
    }
    if (program.kind !== 'elf' || program.architecture !== like.architecture || program.bits !== like.bits) return undefined
    return {path, elf: program}
  }

  /** Folders to look into for what `object` needs, in order. */
  *#places(name: string, object: Loaded, loaders: Loaders, musl: boolean): Iterable<string> {
    const inFolders = (folders: readonly string[]) => folders.map(folder => joinPath(folder, name))
    const {libraryPath} = this.scene
    if (musl) {
      yield* inFolders(libraryPath)
      for (let each: Loaded | undefined = object; each !== undefined; each = each.parent)
        yield* inFolders(expand(each.elf.runpath ?? each.elf.rpath ?? [], each))
      yield* inFolders(loaders.musl)
      return
    }
    // RPATH counts only without RUNPATH, and is handed down; RUNPATH is not.
    if (object.elf.runpath === undefined) {
      for (let each: Loaded | undefined = object; each !== undefined; each = each.parent)
        if (each.elf.runpath === undefined) yield* inFolders(expand(each.elf.rpath ?? [], each))
    }
    yield* inFolders(libraryPath)
    yield* inFolders(expand(object.elf.runpath ?? [], object))
    if (object.elf.onlyOwnPath) return
    yield* loaders.cache.get(name) ?? []
    yield* inFolders(loaders.glibc)
  }

  #find(name: string, object: Loaded, loaders: Loaders, musl: boolean): {path: string; elf: Elf} | 'wait' | undefined {
    for (const path of name.includes('/') ? [name] : this.#places(name, object, loaders, musl)) {
      const found = this.#candidate(path, object.elf)
      if (found !== undefined) return found
    }
    return undefined
  }

  /** Undefined for what is no dynamic program or library. */
  #load(path: string, loaders: Loaders): Linked | undefined {
    this.#waits = false
    const found = this.tree.resolve(path)
    if (found.kind !== 'found') return undefined
    const start = this.#programs.get(found.entry.path)
    if (start === undefined) {
      this.#wanted.add(found.entry.path)
      this.#waits = true
      return {libraries: [], missing: [], versions: []}
    }
    if (start.kind !== 'elf' || !start.dynamic) return undefined
    const {interpreter} = start
    const musl = interpreter === undefined ? loaders.has.musl && !loaders.has.glibc : /\/ld-musl-/.test(interpreter)
    const root: Loaded = {path: interpreter === undefined ? path : found.entry.path, elf: start, parent: undefined}
    const loaded = new Map<string, Loaded | 'loader'>()
    // Whatever loads a library has the loader itself loaded already.
    if (interpreter === undefined)
      for (const name of start.needed) if (/^ld(-linux[\w.-]*|64)\.so\.\d$|^ld-musl-/.test(name)) loaded.set(name, 'loader')
    if (interpreter !== undefined) loaded.set(baseName(interpreter), 'loader')
    if (start.soname !== undefined) loaded.set(start.soname, root)
    const objects: Loaded[] = [root]
    const missing: MissingLibrary[] = []
    for (let at = 0; at < objects.length && objects.length < MOST_OBJECTS; at += 1) {
      const object = objects[at]
      if (object === undefined) break
      for (const name of object.elf.needed) {
        if (loaded.has(name) || missing.some(each => each.library === name) || (musl && MUSL_OWN.test(name))) continue
        const library = this.#find(name, object, loaders, musl)
        if (library === 'wait') {
          this.#waits = true
          continue
        }
        if (library === undefined) {
          missing.push({library: name, neededBy: object.path, ...this.#elsewhere(name, loaders)})
          continue
        }
        const known = objects.find(each => each.path === library.path)
        const next = known ?? {...library, parent: object}
        loaded.set(name, next)
        if (next.elf.soname !== undefined) loaded.set(next.elf.soname, next)
        if (known === undefined) objects.push(next)
      }
    }
    const versions = musl || this.#waits ? [] : objects.flatMap(object => this.#missingVersions(object, loaded))
    return {libraries: objects.slice(1).map(each => each.path), missing, versions}
  }

  #missingVersions(object: Loaded, loaded: ReadonlyMap<string, Loaded | 'loader'>): MissingVersion[] {
    return object.elf.wants.flatMap(({library, version, weak}) => {
      const found = loaded.get(library)
      // A library without any versions is taken with a warning; the loader's own are those of its libc.
      if (weak || found === undefined || found === 'loader' || found.elf.gives.length === 0) return []
      if (found.elf.gives.includes(version)) return []
      const family = /^[^\d]*/.exec(version)?.[0] ?? ''
      return [
        {
          library,
          version,
          neededBy: object.path,
          found: found.path,
          has: found.elf.gives.filter(each => each.startsWith(family)),
        },
      ]
    })
  }

  #elsewhere(name: string, loaders: Loaders): {elsewhere: readonly string[]; ldconfig: boolean} {
    if (this.#names.size === 0) {
      for (const entry of this.tree.below('/')) {
        if (entry.kind !== 'file' && entry.kind !== 'symlink') continue
        const base = baseName(entry.path)
        if (!base.includes('.so')) continue
        this.#names.set(base, [...(this.#names.get(base) ?? []), entry.path])
      }
      // So that an image without any is not walked again.
      this.#names.set('', [])
    }
    const elsewhere = (this.#names.get(name) ?? []).filter(path => this.tree.resolve(path).kind === 'found')
    const folders = new Set(loaders.configured.map(folder => resolvedPath(this.tree, folder)))
    return {elsewhere, ldconfig: elsewhere.some(path => folders.has(resolvedPath(this.tree, folderOf(path))))}
  }
}
