/** One use of a program, and the claims that what it writes comes down to. */
import type {RanCommand, ShellArgument} from '../../language/shell-walk.js'
import type {Span} from '../../model/span.js'
import {pathOf} from '../arguments.js'
import type {Claim, OutputTool} from './claims.js'

/** What is remembered from one command to the next. */
export interface Workshop {
  /** Prefixes that configure, cmake and meson were given; undefined: one whose value is not known. */
  readonly prefixes: Set<string | undefined>
}

export interface Use {
  readonly argv: readonly ShellArgument[]
  readonly folder: string | undefined
  readonly span: Span
  readonly workshop: Workshop
  readonly by: string
  readonly ran: RanCommand
}

export const anything: Claim = {kind: 'anything'}

/** Anything may be below a folder; anywhere, when the folder is not known. */
export function tree(path: string | undefined, segment?: string): Claim {
  if (path === undefined) return anything
  return segment === undefined ? {kind: 'tree', path} : {kind: 'tree', path, segment}
}

/** One file; anything, when its path is not known. */
export function file(path: string | undefined, by: string, span: Span, isCompiled = false): Claim {
  return path === undefined ? anything : {kind: 'file', path, by, span, compiled: isCompiled}
}

/** A new folder; anything, when its path is not known. */
export function folderClaim(path: string | undefined): Claim {
  return path === undefined ? anything : {kind: 'folder', path}
}

/** Files that a program opens to write them; devices and numbers of open files are none. */
export function written(targets: readonly ShellArgument[], folder: string | undefined, span: Span, by: string): Claim[] {
  return targets.flatMap(each => {
    if (each.value?.startsWith('/dev/') === true || /^&?\d+$|^-$/.test(each.raw)) return []
    return file(pathOf(each, folder), by, span)
  })
}

/** A folder that a program was told to put its results into. */
export function output(path: string | undefined, {by, span}: Use, tool: OutputTool): Claim[] {
  return path === undefined ? [anything] : [tree(path), {kind: 'output', path, by, span, tool}]
}

/** The same for what is installed later: remembered for the command that does it. */
export function prefix(path: string | undefined, use: Use): Claim[] {
  use.workshop.prefixes.add(path)
  return output(path, use, 'prefix')
}
