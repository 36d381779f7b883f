/** The build context on disk, looked at path by path. */
import {closeSync, lstatSync, openSync, readdirSync, readFileSync, readlinkSync, readSync, type Stats, statSync} from 'node:fs'
import {resolve} from 'node:path'
import type {ContextFiles, FileKind} from '../model/format.js'

function kindOf(stats: Stats): FileKind {
  if (stats.isSymbolicLink()) return 'symlink'
  if (stats.isDirectory()) return 'directory'
  return stats.isFile() ? 'file' : 'other'
}

/** Runs a look at the disk; whatever cannot be looked at is not there for us. */
function look<T>(at: () => T): T | undefined {
  try {
    return at()
  } catch {
    return undefined
  }
}

/** The first kilobyte of a file; a FIFO or a device is never opened. */
function readHead(path: string): Uint8Array | undefined {
  if (!statSync(path).isFile()) return undefined
  const descriptor = openSync(path, 'r')
  try {
    const bytes = Buffer.alloc(1024)
    return bytes.subarray(0, readSync(descriptor, bytes, 0, bytes.length, 0))
  } finally {
    closeSync(descriptor)
  }
}

/** The context at `root`. A path with a NUL byte names nothing. */
export function contextFiles(root: string, environment: NodeJS.ProcessEnv = process.env): ContextFiles {
  const at = (path: string) => resolve(root, path)
  return {
    root,
    kind: path => look(() => kindOf(lstatSync(at(path)))),
    kindFollowed: path => look(() => kindOf(statSync(at(path)))),
    names: path => look(() => readdirSync(at(path)).sort()) ?? [],
    text: path => look(() => readFileSync(at(path), 'utf8')),
    mode: path => look(() => lstatSync(at(path)).mode & 0o7777),
    head: path => look(() => readHead(at(path))),
    hardLinks: path => look(() => lstatSync(at(path)).nlink) ?? 1,
    link: path => look(() => readlinkSync(at(path))),
    environment: new Map(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ),
  }
}
