/** What the steps of a stage say that they make: plain words only, and where they do not tell, that is said too. */
import type {Span} from '../../model/span.js'

export type Claim =
  /** One file or link of this path. */
  | {readonly kind: 'file'; readonly path: string; readonly by: string; readonly span: Span; readonly compiled: boolean}
  /** A folder that holds nothing yet. */
  | {readonly kind: 'folder'; readonly path: string}
  /**
   * Anything may be below this folder. `segment`: only where a folder of this name is on the way. `except`: but not
   * below these. `weak`: only as long as no build tool of the stage says where its results go.
   */
  | {
      readonly kind: 'tree'
      readonly path: string
      readonly segment?: string
      readonly except?: readonly string[]
      readonly weak?: true
    }
  /** Files of the build context arrive below `path`: `exists` tells whether a path below it may be one. */
  | {readonly kind: 'context'; readonly path: string; readonly exists: (below: string) => boolean}
  /** Nobody can tell where this writes. */
  | {readonly kind: 'anything'}
  | {readonly kind: 'removed'; readonly path: string; readonly contents: boolean; readonly span: Span}
  /** A prefix to install below, a target folder of a build tool: what a wrong path may be explained by. */
  | {readonly kind: 'output'; readonly path: string; readonly by: string; readonly span: Span; readonly tool: OutputTool}
  /** While one command ran, another folder lay over this one: what was written there is gone. */
  | {readonly kind: 'mounted'; readonly path: string; readonly mount: 'cache' | 'tmpfs' | 'bind'; readonly span: Span}

export type OutputTool = 'prefix' | 'cargo' | 'bundle' | 'java' | 'python'

/** Whether a path lies below a folder, or is it. */
export function isBelow(path: string, folder: string): boolean {
  return folder === '/' || path === folder || path.startsWith(`${folder}/`)
}

/** Whether a claim accounts for a path: the thing itself, what is in it, or what it is in. */
export function accountsFor(claim: Claim, path: string): boolean {
  switch (claim.kind) {
    case 'anything':
      return true
    case 'file':
    case 'folder':
      return isBelow(claim.path, path)
    case 'tree':
      if (isBelow(claim.path, path)) return true
      if (claim.except?.some(folder => isBelow(path, folder)) === true) return false
      return isBelow(path, claim.path) && (claim.segment === undefined || `${path}/`.includes(`/${claim.segment}/`))
    case 'context':
      if (isBelow(claim.path, path)) return true
      return isBelow(path, claim.path) && claim.exists(path.slice(claim.path === '/' ? 1 : claim.path.length + 1))
    case 'removed':
    case 'output':
    case 'mounted':
      return false
  }
}
