/**
 * Preloaded into the tool by `NODE_OPTIONS=--import` (power-cut.ts does): a layer over Node's files that keeps a journal of
 * what is done below some folders, and ends the process just before the N-th change, or in the middle of it. What a disk
 * would have lost is taken away afterwards, by that journal. Never shipped.
 */
import fs, {promises} from 'node:fs'
import {syncBuiltinESMExports} from 'node:module'
import {dirname, join, resolve} from 'node:path'

const {roots, journal, graveyard, at} = JSON.parse(process.env.SIFSTAGE_POWER_CUT)
// Only the tool itself: not what it starts.
delete process.env.NODE_OPTIONS
delete process.env.SIFSTAGE_POWER_CUT

const real = {...fs}
const realPromises = {...promises}
const out = real.openSync(journal, 'a')
let changes = 0
let graves = 0

const inside = path => roots.some(root => path === root || path.startsWith(`${root}/`))
const full = path =>
  typeof path === 'string' || path instanceof URL || Buffer.isBuffer(path) ? resolve(String(path)) : undefined
const note = entry => real.writeSync(out, `${JSON.stringify(entry)}\n`)
const inode = path => real.lstatSync(path, {throwIfNoEntry: false})?.ino
const parents = (...paths) => paths.map(path => inode(dirname(path))).filter(each => each !== undefined)

function end() {
  process.kill(process.pid, 'SIGKILL')
}

/** Counts a change; true when the power fails during it. */
function count(...paths) {
  if (!paths.some(path => path !== undefined && inside(path))) return false
  changes += 1
  note({op: 'change', number: changes, path: paths.join(' ')})
  return changes === at
}

/** Keeps what is about to lose its name, so that the loss of the name can be lost. */
function bury(path) {
  const stats = real.lstatSync(path, {throwIfNoEntry: false})
  if (stats === undefined || stats.isDirectory()) return undefined
  graves += 1
  const grave = join(graveyard, `${process.pid}-${graves}`)
  real.linkSync(path, grave)
  return grave
}

const pathOf = fd => {
  try {
    return real.readlinkSync(`/proc/self/fd/${fd}`)
  } catch {
    return undefined
  }
}
const written = (fd, append = false) => note({op: 'write', ino: real.fstatSync(fd).ino, append})
const synced = fd => {
  const {ino, size} = real.fstatSync(fd)
  note({op: 'sync', ino, size})
}

/** Before a write: the power may fail when half of it is done. */
function beforeWrite(fd, data, position) {
  const hit = count(pathOf(fd))
  // Without a position it goes behind what is there: a file that is cut first says so when it is opened.
  written(fd, typeof position !== 'number')
  if (!hit) return
  const bytes = typeof data === 'string' ? Buffer.from(data) : Array.isArray(data) ? Buffer.concat(data) : data
  if (ArrayBuffer.isView(bytes) && bytes.byteLength > 1)
    real.writeSync(fd, bytes, 0, bytes.byteLength >> 1, typeof position === 'number' ? position : null)
  end()
}

/** What each change of a name does to the journal: called before it, gives what to do after it. */
const names = {
  rename(from, to) {
    const [a, b] = [full(from), full(to)]
    if (count(a, b)) end()
    const replaced = inside(b) ? bury(b) : undefined
    const dirs = parents(a, b)
    return () => (inside(a) || inside(b)) && note({op: 'rename', from: a, to: b, replaced, dirs})
  },
  link(_, to) {
    const path = full(to)
    if (count(path)) end()
    return () => inside(path) && note({op: 'create', path, dirs: parents(path)})
  },
  symlink(_, to) {
    return names.link(undefined, to)
  },
  mkdir(path) {
    const made = full(path)
    if (inside(made) && inode(made) === undefined && count(made)) end()
    const there = inode(made) !== undefined
    return () => inside(made) && !there && note({op: 'create', path: made, dirs: parents(made)})
  },
  unlink(path) {
    const gone = full(path)
    if (inside(gone) && inode(gone) === undefined) return () => {}
    if (count(gone)) end()
    const grave = inside(gone) ? bury(gone) : undefined
    return () => inside(gone) && note({op: 'remove', path: gone, grave, dirs: parents(gone)})
  },
  rmdir(path) {
    const gone = full(path)
    if (count(gone)) end()
    return () => inside(gone) && note({op: 'remove', path: gone, dirs: parents(gone)})
  },
}

for (const [name, before] of Object.entries(names)) {
  const sync = `${name}Sync`
  fs[sync] = (...args) => {
    const after = before(...args)
    const result = real[sync](...args)
    after()
    return result
  }
  promises[name] = async (...args) => {
    const after = before(...args)
    const result = await realPromises[name](...args)
    after()
    return result
  }
}

/** One by one, as the kernel sees it: a removal may stop half-way. */
function removeBelow(path, {recursive = false, force = false} = {}) {
  const stats = real.lstatSync(path, {throwIfNoEntry: false})
  if (stats === undefined && force) return
  if (stats?.isDirectory() && recursive) {
    for (const name of real.readdirSync(path)) removeBelow(join(path, name), {recursive, force})
    fs.rmdirSync(path)
  } else fs.unlinkSync(path)
}
fs.rmSync = (path, options) => (inside(full(path)) ? removeBelow(full(path), options) : real.rmSync(path, options))
promises.rm = async (path, options) => (inside(full(path)) ? removeBelow(full(path), options) : realPromises.rm(path, options))

/** Opening may make a file, or cut one. */
function beforeOpen(path, flags) {
  const file = full(path)
  const numeric = typeof flags === 'number' ? flags : undefined
  const creates = numeric === undefined ? /[wa]/.test(flags ?? 'r') : (numeric & fs.constants.O_CREAT) !== 0
  if (file === undefined || !inside(file) || !creates) return () => {}
  const there = inode(file)
  if (there === undefined && count(file)) end()
  if (there !== undefined && /w/.test(String(flags)) && !/x/.test(String(flags))) note({op: 'write', ino: there})
  return () => there === undefined && note({op: 'create', path: file, dirs: parents(file)})
}

fs.openSync = (path, flags, ...rest) => {
  const after = beforeOpen(path, flags)
  const fd = real.openSync(path, flags, ...rest)
  after()
  return fd
}
fs.open = (path, flags, ...rest) => {
  const after = beforeOpen(path, flags)
  const done = rest.pop()
  real.open(path, flags, ...rest, (error, fd) => {
    if (!error) after()
    done(error, fd)
  })
}
promises.open = async (path, flags, ...rest) => {
  const after = beforeOpen(path, flags)
  const handle = await realPromises.open(path, flags, ...rest)
  after()
  return handle
}

// Whole files by name go through the same doors.
promises.writeFile = async (path, data, options) => {
  if (typeof path !== 'string') return realPromises.writeFile(path, data, options)
  const given = typeof options === 'object' && options !== null ? options : {}
  const handle = await promises.open(path, given.flag ?? 'w', given.mode)
  try {
    await handle.writeFile(data, options)
  } finally {
    await handle.close()
  }
}
promises.copyFile = async (from, to, mode = 0) => {
  const path = full(to)
  if (inside(path)) {
    const there = inode(path)
    const hit = count(path)
    if (there === undefined) note({op: 'create', path, dirs: parents(path)})
    if (hit) {
      real.writeFileSync(path, real.readFileSync(from).subarray(0, 1000))
      end()
    }
  }
  await realPromises.copyFile(from, to, mode)
  if (inside(path)) note({op: 'write', ino: inode(path)})
}

const writes = {write: 1, writev: 1, writeSync: 1}
for (const name of Object.keys(writes)) {
  fs[name] = (fd, data, ...rest) => {
    beforeWrite(
      fd,
      data,
      rest.findLast(each => typeof each === 'number' && rest.length > 2),
    )
    return real[name](fd, data, ...rest)
  }
}
for (const name of ['fsync', 'fdatasync']) {
  fs[name] = (fd, done) =>
    real[name](fd, error => {
      if (!error) synced(fd)
      done(error)
    })
  fs[`${name}Sync`] = fd => {
    real[`${name}Sync`](fd)
    synced(fd)
  }
}

const probe = await realPromises.open('/dev/null', 'r')
const handles = Object.getPrototypeOf(probe)
await probe.close()
for (const name of ['write', 'writev', 'writeFile', 'appendFile']) {
  const original = handles[name]
  handles[name] = async function (data, ...rest) {
    const position = name === 'write' ? rest.findLast(each => typeof each === 'number') : undefined
    beforeWrite(this.fd, data, position)
    return original.call(this, data, ...rest)
  }
}
const truncate = handles.truncate
handles.truncate = async function (length) {
  if (count(pathOf(this.fd))) end()
  written(this.fd)
  return truncate.call(this, length)
}
for (const name of ['sync', 'datasync']) {
  const original = handles[name]
  handles[name] = async function () {
    if (count(pathOf(this.fd))) end()
    await original.call(this)
    synced(this.fd)
  }
}

syncBuiltinESMExports()
