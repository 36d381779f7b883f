/** What the steps of a stage are supplied with beside images: programs, caches, secrets, archives, files from the network. */
import type {CacheMount, CopyOrigin} from './description.js'

/**
 * Programs of the machine that run in any image, whatever it holds: each with its libraries and their loader in one
 * folder, which is bound into the image while a command runs.
 */
export interface Launcher {
  readonly folder: string
  /** The words that start a program of the launcher where its folder is bound at `at`. */
  program(name: LauncherProgram, at: string): readonly string[]
}

export type LauncherProgram = 'sh' | 'env' | 'setpriv' | 'mkdir' | 'cp' | 'cat'

/** The content of cache mounts, which outlives builds (K128). */
export interface Caches {
  /** Runs `work` with a folder for each mount. Mounts of one id share it as their `sharing` says. */
  use<T>(
    mounts: readonly CacheMount[],
    waiting: (id: string) => void,
    signal: AbortSignal,
    work: (folders: ReadonlyMap<CacheMount, string>) => Promise<T>,
  ): Promise<T>
}

/** Private folders with the secrets of this build: one file an id as they were given, and room for copies with other owners. */
export interface SecretFolders {
  readonly given: string
  readonly copies: string
}

/** Secrets of this build (K128). Their values are in private files while it runs, and nowhere else. */
export interface Secrets {
  readonly ids: ReadonlySet<string>
  folders(): Promise<SecretFolders>
}

/** Reads archives of the build context (K103). */
export interface Archives {
  /** Takes an archive apart into a folder; undefined for a file that is none, whatever it is called. */
  takeApart(
    file: string,
    folder: string,
    signal: AbortSignal,
  ): Promise<{readonly members: string; readonly contents: string} | undefined>
}

/** A file from the web, in the store. */
export interface Downloaded {
  readonly path: string
  /** `sha256:…` and its like, by the algorithm's name. */
  readonly digests: Readonly<Record<string, string>>
  /** Seconds: its date on the server, else 0. */
  readonly modified: number
}

export type GitSource = Extract<CopyOrigin, {kind: 'git'}>

/** What ADD takes from the network (K104, K105). All of it throws SifstageError (5) when it cannot be had. */
export interface RemoteSources {
  download(url: string, checksum: string | undefined, signal: AbortSignal): Promise<Downloaded>
  /** The commit that a ref means now. */
  commitOf(source: GitSource, signal: AbortSignal): Promise<string>
  /** Lays a commit out below `folder`; gives back where its content lies. */
  checkOut(source: GitSource, commit: string, folder: string, signal: AbortSignal): Promise<string>
}
