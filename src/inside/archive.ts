/**
 * Unpacks an archive that was read before: its members are data, and every name is resolved below the destination
 * and nowhere else. What lies there is merged with and replaced as docker's own unpacking does (K103;
 * github.com/moby/go-archive, `Unpack`, run in a root directory of its own).
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import type {ArchiveMember} from '../model/operations.js'
import {copyTo, give, makeFifo, makeFolders} from './files.js'
import {type Owner, rootOwner} from './owners.js'
import {locate, Refusal, statsOf} from './paths.js'

/** The member's name without `.` and empty parts; undefined for the archive's own top. */
function cleanName(name: string): string | undefined {
  const parts = name.split('/').filter(part => part !== '' && part !== '.')
  if (parts.includes('..')) throw new Refusal(`the archive holds a path that may lead out of it: ${JSON.stringify(name)}`)
  return parts.length === 0 ? undefined : parts.join('/')
}

/** Makes one member at `real`; undefined when it cannot be made here. */
function make(member: ArchiveMember, top: string, contents: string, real: string): boolean {
  switch (member.type) {
    case 'directory':
      if (statsOf(real) === undefined) fs.mkdirSync(real)
      return true
    case 'file': {
      const from = path.join(contents, member.content ?? '')
      try {
        fs.renameSync(from, real)
      } catch {
        copyTo(from, real)
      }
      return true
    }
    case 'symlink':
      fs.symlinkSync(member.link ?? '', real)
      return true
    case 'hardlink': {
      const other = cleanName(member.link ?? '') ?? ''
      const folder = locate(top, path.dirname(`/${other}`)).real
      fs.linkSync(path.join(folder, path.basename(other)), real)
      return true
    }
    case 'fifo':
      makeFifo(real, member.mode)
      return true
    case 'device':
      console.error(`warning: the archive's device ${member.name} is left out: only real root can make one`)
      return false
  }
}

/** @param owner what `--chown` says; undefined keeps the owners of the archive. */
export function unpackArchive(
  root: string,
  destination: string,
  members: string,
  contents: string,
  owner: Owner | undefined,
): void {
  const target = locate(root, destination)
  if (target.stats !== undefined && !target.stats.isDirectory()) throw new Refusal(`mkdir ${destination}: not a directory`)
  makeFolders(root, target.real, owner ?? rootOwner)
  const top = target.real
  const folderTimes: {readonly real: string; readonly modified: number}[] = []
  for (const line of fs.readFileSync(members, 'utf8').split('\n')) {
    if (line === '') continue
    const member: ArchiveMember = JSON.parse(line)
    const name = cleanName(member.name)
    // The top is the destination itself, which keeps its owner and mode.
    if (name === undefined) continue
    const folder = locate(top, path.dirname(`/${name}`)).real
    makeFolders(top, folder, rootOwner)
    const real = path.join(folder, path.basename(name))
    const stats = statsOf(real)
    if (stats !== undefined && !(stats.isDirectory() && member.type === 'directory'))
      fs.rmSync(real, {recursive: true, force: true})
    if (!make(member, top, contents, real) || member.type === 'hardlink') continue
    give(real, owner ?? member)
    // After the owner: a change of owner takes setuid away.
    if (member.type !== 'symlink') fs.chmodSync(real, member.mode)
    if (member.type === 'directory') folderTimes.push({real, modified: member.modified})
    else fs.lutimesSync(real, member.modified, member.modified)
  }
  for (const {real, modified} of folderTimes.reverse()) {
    if (statsOf(real)?.isDirectory()) fs.utimesSync(real, modified, modified)
  }
}
