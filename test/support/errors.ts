/** Errors of the catalogue (docs/errors.md), and cases that raise them. */
import {chmodSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {expect, it} from 'vitest'
import {catalogue} from '../../scripts/errors.mjs'
import type {SifstageError} from '../../src/model/errors.js'
import {root, sifstage} from './engine.js'

interface Piece {
  readonly text?: string
  readonly hole?: string
}

interface Entry {
  readonly id: string
  readonly message: string
  readonly pattern: readonly Piece[]
  readonly codes: readonly number[]
  readonly hints: readonly ({readonly text: string; readonly pattern: readonly Piece[]} | undefined)[]
}

export const entries: readonly Entry[] = catalogue(root).entries
const byId = new Map(entries.map(entry => [entry.id, entry]))

/** What differs from case to case may be anything. */
function matcher(pattern: readonly Piece[]): string {
  return pattern
    .map(({text}) =>
      text === undefined ? '[\\s\\S]*?' : text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&').replaceAll('\n', '\\n\\s*'),
    )
    .join('')
}

/** Holds what somebody reads against an entry: its message, its exit code, and one of its hints. */
export function reaches(id: string, {code, text}: {readonly code: number; readonly text: string}): void {
  const entry = byId.get(id)
  if (entry === undefined) throw new Error(`docs/errors.md has no ${id}`)
  const message = new RegExp(
    `(?:^|\\n|[^\\n]*: )(?:error|warning|info): (?:what is cached cannot be told: )?(?:stage "[^"]*": )?${matcher(entry.pattern)}(?: \\[[a-z-]+\\])?(?:\\n|$)`,
  )
  expect(text).toMatch(message)
  expect(entry.codes).toContain(code)
  const rest = text.slice((message.exec(text)?.index ?? 0) + 1)
  const hints = entry.hints.flatMap(hint =>
    hint === undefined ? [] : [new RegExp(`\\n\\s*(?:hint: )?${matcher(hint.pattern)}(?:\\n|$)`)],
  )
  expect(hints.some(hint => hint.test(rest)) || entry.hints.includes(undefined), `a hint of ${id} in ${text}`).toBe(true)
}

function isOurs(error: unknown): error is SifstageError {
  return error instanceof Error && error.name === 'SifstageError'
}

/** An error that is thrown, as the command line prints it. */
export async function thrown(action: () => unknown): Promise<{readonly code: number; readonly text: string}> {
  try {
    await action()
  } catch (error) {
    // By its name: what is compiled has a class of its own.
    if (!isOurs(error)) throw error
    return {code: error.exitCode, text: `error: ${error.message}\n  ${error.hint ?? ''}\n`}
  }
  throw new Error('nothing was thrown')
}

/** Files by name: a text; `->` and a target for a link; a mode in front, `0600 text`; a name with `/` at its end is a folder. */
export function lay(folder: string, files: Readonly<Record<string, string | Buffer>>): void {
  mkdirSync(folder, {recursive: true})
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name)
    mkdirSync(name.endsWith('/') ? path : dirname(path), {recursive: true})
    if (name.endsWith('/')) continue
    if (typeof content === 'string' && content.startsWith('->')) symlinkSync(content.slice(2), path)
    else writeFileSync(path, content)
    const mode = typeof content === 'string' ? /^#mode (0\d+)/.exec(content)?.[1] : undefined
    if (mode !== undefined) chmodSync(path, Number.parseInt(mode, 8))
  }
}

export interface Typed {
  readonly files?: Readonly<Record<string, string | Buffer>>
  readonly env?: Readonly<Record<string, string>>
  readonly input?: string
}

/** A command line that ends with an error of the catalogue, in a folder of its own; words are parted by blanks. */
export function types(work: {readonly path: string}, id: string, line: string, {files = {}, env, input}: Typed = {}): void {
  it(id, async () => {
    const cwd = join(work.path, id)
    lay(cwd, files)
    const words = line.split(' ').map(word => word.replaceAll('␣', ' '))
    const {code, stderr, stdout} = await sifstage(words, {
      cwd,
      ...(env === undefined ? {} : {env}),
      ...(input === undefined ? {} : {input}),
    })
    reaches(id, {code, text: `${stderr}\n${stdout}`})
  })
}

/** A call that ends with an error of the catalogue, where a command line would need a machine that is broken or slow. */
export function raises(id: string, action: () => unknown): void {
  it(id, async () => reaches(id, await thrown(action)))
}
