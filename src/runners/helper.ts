/**
 * Our program for the namespace as one text: the engine's user may not be able to read our folder, so that it cannot
 * be started from there. Its modules import each other as `data:` URLs, which Node loads like files.
 */
import {readFileSync} from 'node:fs'
import {fileURLToPath} from 'node:url'

const MAIN = new URL('../inside/main.js', import.meta.url)

/** As the compiler writes it. */
const NEIGHBOUR = /^((?:import|export)\b[^'"]*?\bfrom )(['"])(\.\/[\w-]+\.js)\2/gm

let made: string | undefined

/** The program's text, for Node's standard input. */
export function helperProgram(): string {
  made ??= withNeighbours(MAIN, new Map())
  return made
}

function withNeighbours(file: URL, known: Map<string, string>): string {
  return readFileSync(fileURLToPath(file), 'utf8').replace(
    NEIGHBOUR,
    (_, start: string, quote: string, name: string) => `${start}${quote}${dataUrl(new URL(name, file), known)}${quote}`,
  )
}

/** One URL for each module, so that it is loaded once whoever imports it. */
function dataUrl(file: URL, known: Map<string, string>): string {
  const before = known.get(file.href)
  if (before !== undefined) return before
  const text = withNeighbours(file, known)
  const url = `data:text/javascript;base64,${Buffer.from(text).toString('base64')}`
  known.set(file.href, url)
  return url
}
