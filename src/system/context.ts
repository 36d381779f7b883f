/** The build context on disk, looked at path by path. */
import {lstatSync, readdirSync, readFileSync, readlinkSync, type Stats, statSync} from 'node:fs'
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

/** The context at `root`. A path with a NUL byte names nothing. */
export function contextFiles(root: string, environment: NodeJS.ProcessEnv = process.env): ContextFiles {
  const at = (path: string) => resolve(root, path)
  return {
    root,
    kind: path => look(() => kindOf(lstatSync(at(path)))),
    kindFollowed: path => look(() => kindOf(statSync(at(path)))),
    names: path => look(() => readdirSync(at(path)).sort()) ?? [],
    text: path => look(() => readFileSync(at(path), 'utf8')),
    link: path => look(() => readlinkSync(at(path))),
    environment: new Map(
      Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
    ),
  }
}
