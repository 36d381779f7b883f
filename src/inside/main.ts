/**
 * Runs inside the id-mapped namespace, where the owners in an image are real, and changes one image as its
 * operations say. It is handed to Node as text, since the engine's user may not be able to read our folder: so it
 * is one file and imports only what Node brings.
 */
import {execFileSync} from 'node:child_process'
import * as fs from 'node:fs'
import * as path from 'node:path'
import type {Operation, Operations} from '../model/operations.js'

/** As in Linux (`MAXSYMLINKS`). */
const MOST_LINKS = 40

/** Something that the description asks for and the image does not allow: told without a stack. */
class Refusal extends Error {}

interface Place {
  /** Absolute on the host, below the root, every part of it that exists a real folder. */
  readonly real: string
  readonly stats: fs.Stats | undefined
}

function statsOf(file: string): fs.Stats | undefined {
  return fs.lstatSync(file, {throwIfNoEntry: false})
}

/**
 * Where a path of the image lies on the host, with every link resolved inside the image (K89, K93): an absolute
 * link starts at the root, `..` stops there. Nobody else changes the image meanwhile, so a look and a use agree.
 */
function locate(root: string, image: string): Place {
  const rest = image
    .split('/')
    .filter(part => part !== '' && part !== '.')
    .reverse()
  const at: string[] = []
  let links = 0
  let missing = false
  for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
    if (part === '..') {
      at.pop()
      missing = false
      continue
    }
    const next = path.join(root, ...at, part)
    const stats = missing ? undefined : statsOf(next)
    if (stats?.isSymbolicLink()) {
      links += 1
      if (links > MOST_LINKS) throw new Refusal(`${image}: too many levels of symbolic links`)
      const target = fs.readlinkSync(next)
      if (target.startsWith('/')) at.length = 0
      rest.push(
        ...target
          .split('/')
          .filter(name => name !== '' && name !== '.')
          .reverse(),
      )
      continue
    }
    if (stats === undefined) missing = true
    else if (!stats.isDirectory() && rest.length > 0) throw new Refusal(`/${[...at, part].join('/')}: not a directory`)
    at.push(part)
  }
  const real = path.join(root, ...at)
  return {real, stats: statsOf(real)}
}

interface Owner {
  readonly uid: number
  readonly gid: number
}

/** Rows of the image's own `/etc/passwd` or `/etc/group`; never the host's. */
function table(root: string, file: string): string[][] {
  const place = locate(root, file)
  if (!place.stats?.isFile()) return []
  return fs
    .readFileSync(place.real, 'utf8')
    .split('\n')
    .map(line => line.split(':'))
}

/** `user[:group]` as COPY --chown reads it (K97). */
function parseOwner(root: string, text: string): Owner {
  const [user = '', group] = text.split(':')
  const passwd = table(root, '/etc/passwd')
  let uid = 0
  let gid = 0
  if (/^\d+$/.test(user)) {
    uid = Number(user)
    gid = uid
  } else if (user !== '') {
    const row = passwd.find(fields => fields[0] === user)
    if (row) {
      uid = Number(row[2])
      gid = Number(row[3])
    } else console.error(`warning: the image has no user ${user}: the files belong to root, as docker would have it`)
  }
  if (group !== undefined && group !== '') {
    if (/^\d+$/.test(group)) gid = Number(group)
    else {
      const row = table(root, '/etc/group').find(fields => fields[0] === group)
      if (row) gid = Number(row[2])
      else console.error(`warning: the image has no group ${group}`)
    }
  }
  return {uid, gid}
}

/** Gives a file away; where ids are not mapped (no subordinate range) all belong to the one user and nothing can be given. */
function give(file: string, owner: Owner): void {
  try {
    fs.lchownSync(file, owner.uid, owner.gid)
  } catch (error) {
    if (!oneUserOnly()) throw error
  }
}

/** True in a namespace that maps a single id (D75 b). */
function oneUserOnly(): boolean {
  const map = fs.readFileSync('/proc/self/uid_map', 'utf8').trim().split('\n')
  return map.length === 1 && /\s1$/.test(map[0] ?? '')
}

/** Makes a folder and its missing parents, 0755; gives back those that it made, outermost first. */
function makeFolders(root: string, real: string, owner: Owner): string[] {
  const made: string[] = []
  let at = root
  for (const part of path
    .relative(root, real)
    .split(path.sep)
    .filter(name => name !== '')) {
    at = path.join(at, part)
    const stats = statsOf(at)
    if (stats === undefined) {
      fs.mkdirSync(at)
      fs.chmodSync(at, 0o755)
      give(at, owner)
      made.push(at)
    } else if (!stats.isDirectory()) throw new Refusal(`mkdir /${path.relative(root, at)}: not a directory`)
  }
  return made
}

/** Runs a program of the host over many paths, in slices below the limit of one command line. */
function overAll(program: string, args: readonly string[], paths: readonly string[], last: readonly string[] = []): void {
  for (let i = 0; i < paths.length; i += 500) {
    execFileSync(program, [...args, '--', ...paths.slice(i, i + 500), ...last], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
    })
  }
}

/** What one COPY put in place: `whole` trees that are new, `merged` folders that were there, `parents` made on the way. */
interface Placed {
  readonly whole: string[]
  readonly merged: string[]
  readonly parents: string[]
}

/** Copies the entries of a folder into another, replacing files and links, never following one (D.2 of the Dockerfile rules). */
function mergeFolder(source: string, target: string, root: string, placed: Placed): void {
  const fresh: string[] = []
  for (const name of fs.readdirSync(source)) {
    const from = path.join(source, name)
    const to = path.join(target, name)
    const fromStats = fs.lstatSync(from)
    const toStats = statsOf(to)
    if (toStats === undefined) fresh.push(from)
    else if (fromStats.isDirectory()) {
      if (!toStats.isDirectory()) throw new Refusal(`cannot copy to non-directory: /${path.relative(root, to)}`)
      placed.merged.push(to)
      fs.chmodSync(to, fromStats.mode & 0o7777)
      give(to, fromStats)
      mergeFolder(from, to, root, placed)
    } else {
      if (toStats.isDirectory()) throw new Refusal(`cannot replace to directory /${path.relative(root, to)} with file`)
      fs.unlinkSync(to)
      fresh.push(from)
    }
  }
  // One cp for all that is new here, so that hard links between them stay links (K95).
  for (let i = 0; i < fresh.length; i += 500) {
    const slice = fresh.slice(i, i + 500)
    execFileSync('cp', ['--archive', '--reflink=auto', '--target-directory', target, '--', ...slice], {
      stdio: ['ignore', 'inherit', 'inherit'],
      env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
    })
  }
  placed.whole.push(...fresh.map(from => path.join(target, path.basename(from))))
}

function placeFile(
  source: {readonly from: string; readonly name: string},
  destination: string,
  asFolder: boolean,
  root: string,
  owner: Owner,
  placed: Placed,
): void {
  let place = locate(root, destination)
  if (asFolder && place.stats !== undefined && !place.stats.isDirectory())
    throw new Refusal(`mkdir ${destination}: not a directory`)
  if (asFolder) {
    placed.parents.push(...makeFolders(root, place.real, owner))
    place = locate(root, destination)
  }
  let target = place.real
  if (place.stats?.isDirectory()) {
    // Inside the folder the name itself may be a link, which is followed (D.2: `COPY f /l`).
    const inner = locate(root, `${path.join('/', path.relative(root, place.real))}/${source.name}`)
    if (inner.stats?.isDirectory()) throw new Refusal(`cannot replace to directory /${path.relative(root, inner.real)} with file`)
    target = inner.real
  }
  placed.parents.push(...makeFolders(root, path.dirname(target), owner))
  const stats = statsOf(target)
  if (stats && !stats.isDirectory()) fs.unlinkSync(target)
  execFileSync('cp', ['--archive', '--reflink=auto', '--no-target-directory', '--', source.from, target], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
  })
  placed.whole.push(target)
}

function place(root: string, operation: Extract<Operation, {op: 'place'}>): void {
  const owner = operation.chown === undefined ? {uid: 0, gid: 0} : parseOwner(root, operation.chown)
  const placed: Placed = {whole: [], merged: [], parents: []}
  const asFolder = /\/\.?$/.test(operation.destination)
  for (const source of operation.sources) {
    if (!fs.lstatSync(source.from).isDirectory()) {
      placeFile(source, operation.destination, asFolder, root, owner, placed)
      continue
    }
    const target = locate(root, operation.destination)
    if (target.stats !== undefined && !target.stats.isDirectory())
      throw new Refusal(`cannot copy to non-directory: ${operation.destination}`)
    placed.parents.push(...makeFolders(root, target.real, owner))
    mergeFolder(source.from, target.real, root, placed)
  }
  if (operation.chown !== undefined || operation.owner === 'root') {
    const who = `${owner.uid}:${owner.gid}`
    if (!oneUserOnly()) {
      overAll('chown', ['--no-dereference', '--recursive', who], placed.whole)
      overAll('chown', ['--no-dereference', who], placed.merged)
    }
  }
  if (operation.chmod !== undefined) {
    overAll(
      'chmod',
      ['--recursive', operation.chmod],
      placed.whole.filter(file => !fs.lstatSync(file).isSymbolicLink()),
    )
    overAll('chmod', [operation.chmod], placed.merged)
    // An octal mode hits the parents too (K98).
    if (/^[0-7]+$/.test(operation.chmod)) overAll('chmod', [operation.chmod], placed.parents)
  }
}

/** A file of the image for writing: parents made, a link at its place replaced. */
function fileFor(root: string, image: string): string {
  const folder = locate(root, path.dirname(image))
  makeFolders(root, folder.real, {uid: 0, gid: 0})
  return path.join(folder.real, path.basename(image))
}

function write(root: string, image: string, text: string, mode: number): void {
  const file = fileFor(root, image)
  fs.rmSync(file, {force: true, recursive: true})
  fs.writeFileSync(file, text, {mode, flag: 'wx'})
  fs.chmodSync(file, mode)
}

function carryOut(root: string, operation: Operation): void {
  switch (operation.op) {
    case 'place':
      place(root, operation)
      return
    case 'folder': {
      const owner = operation.user === undefined ? {uid: 0, gid: 0} : parseOwner(root, operation.user)
      const target = locate(root, operation.path)
      makeFolders(root, target.real, owner)
      return
    }
    case 'write':
      write(root, operation.path, operation.text, operation.mode)
      return
    case 'append': {
      const file = fileFor(root, operation.path)
      const old = statsOf(file)?.isFile() ? fs.readFileSync(file, 'utf8') : ''
      const mode = statsOf(file)?.isFile() ? fs.lstatSync(file).mode & 0o7777 : operation.mode
      write(root, operation.path, old + operation.text, mode)
      return
    }
    case 'labels': {
      const file = fileFor(root, operation.path)
      const old: unknown = statsOf(file)?.isFile() ? JSON.parse(fs.readFileSync(file, 'utf8')) : {}
      const labels = new Map<string, unknown>(typeof old === 'object' && old !== null ? Object.entries(old) : [])
      for (const [key, value] of Object.entries(operation.set)) labels.set(key, value)
      // As Go's encoding/json writes it for Apptainer: keys sorted, a tab, `<`, `>` and `&` escaped.
      const sorted = Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))
      const text = JSON.stringify(sorted, undefined, '\t').replace(
        /[<>&\u2028\u2029]/g,
        char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
      )
      write(root, operation.path, text, 0o644)
      return
    }
    case 'history': {
      const folder = locate(root, '/.singularity.d/bootstrap_history')
      if (!folder.stats?.isDirectory()) return
      const number = (name: string) => Number(/\d+$/.exec(name)?.[0] ?? -1)
      const names = fs.readdirSync(folder.real).sort((a, b) => number(b) - number(a))
      const [last, before] = names
      if (last !== undefined) fs.rmSync(path.join(folder.real, last), {force: true})
      if (before !== undefined) write(root, `/.singularity.d/bootstrap_history/${before}`, operation.text, 0o644)
      return
    }
  }
}

/** One edge where what our own process wrote is taken at its word. */
function readOperations(file: string): Operations {
  return JSON.parse(fs.readFileSync(file, 'utf8'))
}

process.umask(0o022)
try {
  const operations = readOperations(process.argv[2] ?? '')
  for (const operation of operations.steps) carryOut(fs.realpathSync(operations.root), operation)
} catch (error) {
  console.error(error instanceof Refusal ? `error: ${error.message}` : error)
  process.exitCode = 1
}
