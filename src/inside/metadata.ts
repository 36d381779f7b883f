/** Texts and labels that an image keeps about itself. */
import * as fs from 'node:fs'
import * as path from 'node:path'
import {fileFor, writeText} from './files.js'
import {locate, statsOf} from './paths.js'

export function append(root: string, image: string, text: string, mode: number): void {
  const file = fileFor(root, image)
  const stats = statsOf(file)
  const old = stats?.isFile() ? fs.readFileSync(file, 'utf8') : ''
  writeText(root, image, old + text, stats?.isFile() ? stats.mode & 0o7777 : mode)
}

export function setLabels(root: string, image: string, set: Readonly<Record<string, string>>): void {
  const file = fileFor(root, image)
  const old: unknown = statsOf(file)?.isFile() ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}
  const labels = new Map<string, unknown>(typeof old === 'object' && old !== null ? Object.entries(old) : [])
  for (const [key, value] of Object.entries(set)) labels.set(key, value)
  // As Go's encoding/json writes it for Apptainer: keys sorted, a tab, `<`, `>` and `&` escaped.
  const sorted = Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
  const text = JSON.stringify(sorted, undefined, '\t').replace(
    /[<>&\u2028\u2029]/g,
    char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
  writeText(root, image, text, 0o644)
}

/** See the operation `history`. */
export function mendHistory(root: string, text: string): void {
  const folder = locate(root, '/.singularity.d/bootstrap_history')
  if (!folder.stats?.isDirectory()) return
  const number = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? -1)
  const names = fs.readdirSync(folder.real).sort((a, b) => number(b) - number(a))
  const [last, before] = names
  if (last !== undefined) fs.rmSync(path.join(folder.real, last), {force: true})
  if (before !== undefined) writeText(root, `/.singularity.d/bootstrap_history/${before}`, text, 0o644)
}
