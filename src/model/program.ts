/** What a file of an image says about how it is run. */

/** An ELF file. Names are as written in it: `$ORIGIN` is not filled in. */
export interface Elf {
  readonly bits: 32 | 64
  /** In Go's words; `machine N` for one that has none. */
  readonly architecture: string
  /** `shared` is also a position-independent program: those have an interpreter. */
  readonly type: 'relocatable' | 'executable' | 'shared' | 'core' | 'other'
  /** Path of the loader that starts it. */
  readonly interpreter?: string
  /** False: it needs no loader and no libraries. */
  readonly dynamic: boolean
  /** Names of the libraries that it is loaded with. */
  readonly needed: readonly string[]
  readonly soname?: string
  readonly rpath?: readonly string[]
  readonly runpath?: readonly string[]
  /** The loader does not look into the system's folders (`-z nodefaultlib`). */
  readonly onlyOwnPath: boolean
  /** Symbol versions that it wants of a library; a weak one may be missing. */
  readonly wants: readonly {readonly library: string; readonly version: string; readonly weak: boolean}[]
  /** Symbol versions that it defines. */
  readonly gives: readonly string[]
  /** The level of x86-64 that it cannot do without, where it says so. */
  readonly level?: string
  /** The oldest Linux that it runs on, where it says so: a C library does. */
  readonly kernel?: string
}

export type Program =
  | ({readonly kind: 'elf'} & Elf)
  /** `argument` is all that stands behind the interpreter: the kernel hands it over as one word. */
  | {
      readonly kind: 'script'
      readonly interpreter: string
      readonly argument: string
      /** Its text sets `LD_LIBRARY_PATH`: what it starts may find libraries elsewhere. */
      readonly setsLibraryPath: boolean
    }
  /** Starts as an ELF file does but is cut short or damaged. */
  | {readonly kind: 'damaged'; readonly why: string}
  | {readonly kind: 'other'}

export interface MissingLibrary {
  readonly library: string
  /** The file that names it. */
  readonly neededBy: string
  /** Paths of the image that have the name where the loader does not look. */
  readonly elsewhere: readonly string[]
  /** True when one of those lies in a folder of ld.so.conf: `ldconfig` would make it found. */
  readonly ldconfig: boolean
}

export interface MissingVersion {
  readonly library: string
  readonly version: string
  readonly neededBy: string
  /** The library that was found and does not have it. */
  readonly found: string
  /** Versions that it has, of the same name. */
  readonly has: readonly string[]
}

/** What loading one program or library comes to. */
export interface Linked {
  readonly libraries: readonly string[]
  readonly missing: readonly MissingLibrary[]
  readonly versions: readonly MissingVersion[]
}
