/** The words of a command as its program takes them: options with their values, operands, paths. */
import {absolutePath} from '../language/paths.js'
import type {ShellArgument} from '../language/shell-walk.js'

/** An argument as a path; undefined when it is not plain. */
export function pathOf(argument: ShellArgument | undefined, folder: string | undefined): string | undefined {
  return argument === undefined || argument.pattern ? undefined : resolved(argument.value, folder)
}

/** A value as an absolute path; undefined when it, or the folder that it starts from, is not known. */
export function resolved(value: string | undefined, folder: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  if (value.startsWith('/')) return absolutePath('/', value)
  return folder === undefined ? undefined : absolutePath(folder, value)
}

/** The value of `--name VALUE`, `--name=VALUE`, `-nVALUE`; `unknown` when it is there and cannot be told. */
export function option(argv: readonly ShellArgument[], ...names: readonly string[]): string | 'unknown' | undefined {
  for (const [at, each] of argv.entries()) {
    const text = each.value ?? each.raw
    for (const name of names) {
      if (text === name) {
        const next = argv[at + 1]
        return next === undefined ? undefined : (next.value ?? 'unknown')
      }
      if (name.startsWith('--') && text.startsWith(`${name}=`)) return each.value?.slice(name.length + 1) ?? 'unknown'
      if (/^-[A-Za-z]$/.test(name) && text.startsWith(name) && text.length > 2 && !text.startsWith('--'))
        return each.value?.slice(2) ?? 'unknown'
    }
  }
  return undefined
}

/** The same as a path; without one where it cannot be told. */
export function optionPath(argv: readonly ShellArgument[], folder: string | undefined, ...names: readonly string[]) {
  const value = option(argv, ...names)
  if (value === undefined) return {given: false, path: undefined} as const
  return {given: true, path: value === 'unknown' ? undefined : resolved(value, folder)} as const
}

/** The words that are no options. Options with a value of their own have to be named. */
export function operands(argv: readonly ShellArgument[], ...valued: readonly string[]): ShellArgument[] {
  const found: ShellArgument[] = []
  let skip = false
  for (const each of argv.slice(1)) {
    if (skip) skip = false
    else if (valued.includes(each.raw)) skip = true
    else if (!each.raw.startsWith('-')) found.push(each)
  }
  return found
}

/** Whether any word is like this, the program's own included. */
export function has(argv: readonly ShellArgument[], pattern: RegExp): boolean {
  return argv.some(each => pattern.test(each.value ?? each.raw))
}
