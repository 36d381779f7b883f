/**
 * The launcher: a few programs of this machine with their libraries and their loader, in a folder that is bound into
 * an image while a command runs. Started through that loader they run in any image, whatever C library it has.
 */
import {closeSync, constants, openSync, readSync, realpathSync} from 'node:fs'
import {copyFile, mkdir} from 'node:fs/promises'
import {basename, join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Launcher, LauncherProgram} from '../model/supplies.js'
import {capture} from './processes.js'

const PROGRAMS: readonly LauncherProgram[] = ['sh', 'env', 'setpriv', 'mkdir', 'cp', 'cat']
const FOLDERS = ['/usr/bin', '/bin', '/usr/sbin', '/sbin', '/usr/local/bin']

/** ELF program header type of the loader's path (elf(5)). */
const PT_INTERP = 3

/** The loader that a program asks for; undefined for a static one. */
function loaderOf(file: string): string | undefined {
  const descriptor = openSync(file, 'r')
  try {
    const read = (at: number, bytes: number) => {
      const buffer = Buffer.alloc(bytes)
      readSync(descriptor, buffer, 0, bytes, at)
      return buffer
    }
    const header = read(0, 64)
    // 64 bit, little endian: the machines that clusters have.
    if (header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) return undefined
    const at = Number(header.readBigUInt64LE(32))
    for (let i = 0; i < header.readUInt16LE(56); i += 1) {
      const row = read(at + i * header.readUInt16LE(54), 56)
      if (row.readUInt32LE(0) !== PT_INTERP) continue
      return read(Number(row.readBigUInt64LE(8)), Number(row.readBigUInt64LE(32)))
        .toString('utf8')
        .replace(/\0.*$/s, '')
    }
    return undefined
  } finally {
    closeSync(descriptor)
  }
}

function findProgram(name: string): string | undefined {
  for (const folder of FOLDERS) {
    try {
      return realpathSync(join(folder, name))
    } catch {
      // Not in this one.
    }
  }
  return undefined
}

interface Part {
  /** File name in the launcher's folder. */
  readonly name: string
  readonly from: string
}

interface Kit {
  readonly parts: readonly Part[]
  /** Name of the loader for each program that needs one. */
  readonly loaders: ReadonlyMap<LauncherProgram, string>
}

/** @throws SifstageError (4) when a program is missing */
async function lookUpKit(): Promise<Kit> {
  const parts = new Map<string, Part>()
  const loaders = new Map<LauncherProgram, string>()
  for (const name of PROGRAMS) {
    const file = findProgram(name)
    if (file === undefined)
      throw new SifstageError(
        ExitCode.noEngine,
        `${name} is not installed: commands of a Dockerfile or YAML stage are started with it`,
        name === 'setpriv'
          ? 'Ask the administrator for the package util-linux.'
          : 'Ask the administrator for the package coreutils.',
      )
    parts.set(name, {name, from: file})
    const loader = loaderOf(file)
    if (loader === undefined) continue
    const loaderName = `loader-${basename(loader)}`
    loaders.set(name, loaderName)
    parts.set(loaderName, {name: loaderName, from: realpathSync(loader)})
    // Both glibc's and musl's loader tell what they would load.
    const listed = await capture([loader, '--list', file], {cwd: '/', env: {LC_ALL: 'C'}})
    for (const line of listed.lines) {
      const found = /^\s*(\S+) => (\/\S+)/.exec(line)
      if (found) parts.set(basename(found[1] ?? ''), {name: basename(found[1] ?? ''), from: realpathSync(found[2] ?? '')})
    }
  }
  return {parts: [...parts.values()], loaders}
}

/** The words that start a program of the launcher. */
function words(loaders: ReadonlyMap<LauncherProgram, string>, name: LauncherProgram, at: string): readonly string[] {
  const loader = loaders.get(name)
  return loader === undefined ? [`${at}/${name}`] : [`${at}/${loader}`, '--library-path', at, `${at}/${name}`]
}

/** Fills folders with the launcher. What it is made of is looked up once. */
export function launcherMaker(): (folder: string) => Promise<Launcher> {
  let kit: Promise<Kit> | undefined
  return async folder => {
    kit ??= lookUpKit()
    const {parts, loaders} = await kit
    await mkdir(folder, {recursive: true, mode: 0o755})
    for (const {name, from} of parts) await copyFile(from, join(folder, name), constants.COPYFILE_FICLONE)
    return {folder, program: (name, at) => words(loaders, name, at)}
  }
}
