/** Removes paths of an image, each with all below it. */
import * as fs from 'node:fs'
import * as path from 'node:path'
import {Refusal, statsOf} from './paths.js'

/** The paths name what lies there itself: a link on the way would lead to something else, so there must be none. */
export function remove(root: string, paths: readonly string[]): void {
  for (const each of paths) {
    const parts = each.split('/').filter(part => part !== '' && part !== '.')
    if (parts.length === 0 || parts.includes('..')) throw new Refusal(`${each}: cannot be removed`)
    let at = root
    for (const part of parts.slice(0, -1)) {
      at = path.join(at, part)
      if (statsOf(at)?.isDirectory() !== true) break
    }
    // Gone with the folder that it was in.
    if (statsOf(at)?.isDirectory() !== true) continue
    fs.rmSync(path.join(root, ...parts), {recursive: true, force: true})
  }
}
