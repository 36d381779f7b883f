/** Who a name means in an image: by the image's own tables, never the host's. */
import * as fs from 'node:fs'
import {locate, Refusal} from './paths.js'

export interface Owner {
  readonly uid: number
  readonly gid: number
}

export const rootOwner: Owner = {uid: 0, gid: 0}

/** Rows of the image's `/etc/passwd` or `/etc/group`. */
function table(root: string, file: string): string[][] {
  const place = locate(root, file)
  if (!place.stats?.isFile()) return []
  return fs
    .readFileSync(place.real, 'utf8')
    .split('\n')
    .filter(line => line.trim() !== '' && !line.startsWith('#'))
    .map(line => line.trim().split(':'))
}

/** `user[:group]` as COPY --chown and WORKDIR read it (K97). */
export function parseOwner(root: string, text: string): Owner {
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

/** The same for COPY --link, which has no tables to look at (K100). */
export function numericOwner(text: string): Owner {
  const [user = '', group] = text.split(':')
  for (const [name, kind] of [
    [user, 'user'],
    [group ?? '', 'group'],
  ] as const) {
    if (name !== '' && !/^\d+$/.test(name))
      throw new Refusal(`COPY --link --chown=${text}: invalid ${kind} index: -1 (a name has no meaning there; write its number)`)
  }
  const uid = Number(user)
  return {uid, gid: group === undefined || group === '' ? uid : Number(group)}
}

export interface Person extends Owner {
  /** Supplementary groups. */
  readonly groups: readonly number[]
  readonly home: string
}

/**
 * Who runs a command (K116, K120), by the rules of github.com/moby/sys/user, `GetExecUser`: a name has its own groups, one with a
 * group has that group only, a number need not be in the table.
 */
export function lookUpUser(root: string, text: string): Person {
  const [user = '', group = ''] = (text === '' ? '0' : text).split(':')
  const passwd = table(root, '/etc/passwd')
  const rowOf = (uid: number) => passwd.find(fields => Number(fields[2]) === uid)
  const homeOf = (uid: number) => rowOf(uid)?.[5] || '/'
  if (/^\d+$/.test(user) && /^\d+$/.test(group))
    return {uid: Number(user), gid: Number(group), groups: [Number(group)], home: homeOf(Number(user))}
  const numeric = /^\d+$/.test(user)
  const row = user === '' ? rowOf(0) : numeric ? rowOf(Number(user)) : passwd.find(fields => fields[0] === user)
  if (row === undefined && user !== '' && !numeric)
    throw new Refusal(`unable to find user ${user}: no matching entries in passwd file`)
  const uid = row === undefined ? Number(user) : Number(row[2])
  let gid = row === undefined ? 0 : Number(row[3])
  let groups: number[] = []
  const rows = table(root, '/etc/group')
  if (group !== '') {
    const found = rows.find(fields => (/^\d+$/.test(group) ? Number(fields[2]) === Number(group) : fields[0] === group))
    if (found === undefined && !/^\d+$/.test(group))
      throw new Refusal(`unable to find group ${group}: no matching entries in group file`)
    gid = found === undefined ? Number(group) : Number(found[2])
  } else if (row !== undefined) {
    groups = rows.filter(fields => (fields[3] ?? '').split(',').includes(row[0] ?? '')).map(fields => Number(fields[2]))
  }
  // The primary group is among the others too, as in BuildKit's containers.
  return {uid, gid, groups: [...new Set([gid, ...groups])], home: homeOf(uid)}
}
