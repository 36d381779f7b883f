/** Changing files of an image, in the namespace where their owners are real. */
import {execFileSync} from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import {type Owner, rootOwner} from './owners.js'
import {locate, partsBelow, Refusal, statsOf} from './paths.js'

/** Programs of the host that we call see nothing of our environment. */
const ENVIRONMENT = {PATH: '/usr/bin:/bin', LC_ALL: 'C'}

/** Paths of one call: a command line has a limit. */
const MOST_PATHS = 500

/** True in a namespace that maps a single id (D75 b). */
export function oneUserOnly(): boolean {
  const map = fs.readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n')
  return map.length === 1 && /\s1$/.test(map[0] ?? '')
}

/** Gives a file away; where ids are not mapped (no subordinate range) all belong to the one user and nothing can be given. */
export function give(file: string, owner: Owner): void {
  try {
    fs.lchownSync(file, owner.uid, owner.gid)
  } catch (error) {
    if (!oneUserOnly()) throw error
  }
}

/** Runs a program of the host over many paths, in slices below the limit of one command line. */
export function overAll(program: string, args: readonly string[], paths: readonly string[]): void {
  for (let i = 0; i < paths.length; i += MOST_PATHS) {
    execFileSync(program, [...args, '--', ...paths.slice(i, i + MOST_PATHS)], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: ENVIRONMENT,
    })
  }
}

/** Copies files and trees as they are into a folder, or one to a name. Hard links among what one call copies stay links (K95). */
export function copyInto(folder: string, sources: readonly string[]): void {
  overAll('cp', ['--archive', '--reflink=auto', `--target-directory=${folder}`], sources)
}

export function copyTo(source: string, target: string): void {
  execFileSync('cp', ['--archive', '--reflink=auto', '--no-target-directory', '--', source, target], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: ENVIRONMENT,
  })
}

/**
 * Makes a folder and its missing parents, 0755; gives back those that it made, outermost first. With `anew` what is in
 * the way is replaced, and folders that are there become like new ones, as a layer laid over them does (K100).
 */
export function makeFolders(root: string, real: string, owner: Owner, anew = false): string[] {
  const made: string[] = []
  let at = root
  for (const part of partsBelow(root, real)) {
    at = path.join(at, part)
    let stats = statsOf(at)
    if (anew && stats !== undefined && !stats.isDirectory()) {
      fs.unlinkSync(at)
      stats = undefined
    }
    if (stats !== undefined && !stats.isDirectory()) throw new Refusal(`mkdir /${path.relative(root, at)}: not a directory`)
    if (stats === undefined) fs.mkdirSync(at)
    if (stats !== undefined && !anew) continue
    fs.chmodSync(at, 0o755)
    give(at, owner)
    made.push(at)
  }
  return made
}

/** A file of the image for writing: parents made, a link at its place replaced. */
export function fileFor(root: string, image: string): string {
  const folder = locate(root, path.dirname(image))
  makeFolders(root, folder.real, rootOwner)
  return path.join(folder.real, path.basename(image))
}

export function writeText(root: string, image: string, text: string, mode: number): void {
  const file = fileFor(root, image)
  fs.rmSync(file, {force: true, recursive: true})
  fs.writeFileSync(file, text, {mode, flag: 'wx'})
  fs.chmodSync(file, mode)
}

export function makeFifo(file: string, mode: number): void {
  execFileSync('mkfifo', ['--', file], {env: ENVIRONMENT})
  fs.chmodSync(file, mode)
}
