/** The ways in which an artifact, or the image it goes to, is broken: each a name and what it changes. */
import type {Image, ImageEntry} from '../../src/model/image.js'
import type {Linked, Program} from '../../src/model/program.js'
import type {Change} from './image.js'

/** What a mutation is given: one file of an artifact, with what is known of it. */
export interface Victim {
  /** The path that the copy names, as it was matched. */
  readonly match: string
  readonly matchEntry: ImageEntry
  /** The file itself: the match, or a program in the folder. */
  readonly file: ImageEntry
  readonly program: Program
  /** In the producer's image. */
  readonly image: Image
  /** What loading it comes to in the finished image, whole. */
  readonly linked: Linked | undefined
  readonly rules: 'def' | 'docker'
  /** True when the copy names the file itself. */
  readonly named: boolean
  /** True when the image that people run is what it goes to. */
  readonly final: boolean
  /** True when the image or a step runs it. */
  readonly run: boolean
}

/** What is broken: files of the producer, of the base that they go to, or the base itself. */
export interface Mutation {
  readonly producer?: Change
  /** Paths of libraries and loaders that the destination loses. */
  readonly destination?: readonly string[]
  readonly musl?: true
}

export interface Mutant {
  readonly name: string
  /** Undefined where it cannot be done to this file, or would break nothing. */
  make(victim: Victim): Mutation | undefined
}

const FOREIGN = 183

function isDynamic({program}: Victim): boolean {
  return program.kind === 'elf' && program.interpreter !== undefined
}

function patched(file: ImageEntry, change: (bytes: Buffer) => Buffer): Mutation {
  return {producer: {content: new Map([[file.path, change]])}}
}

/** In the place of a match, whatever it is; a whole image cannot be replaced. */
function instead(victim: Victim, entry: Omit<ImageEntry, 'path' | 'uid' | 'gid'>): Mutation | undefined {
  const {path} = victim.matchEntry
  if (path === '/') return undefined
  return {producer: {remove: [path], put: [{...entry, path, uid: 0, gid: 0}]}}
}

function replaceBytes(bytes: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(bytes)
  for (let at = copy.indexOf(from); at !== -1; at = copy.indexOf(from, at + 1)) copy.write(to, at, 'latin1')
  return copy
}

export const mutants: readonly Mutant[] = [
  {
    name: 'renamed',
    make: ({matchEntry}) =>
      matchEntry.path === '/'
        ? undefined
        : {producer: {remove: [matchEntry.path], put: [{...matchEntry, path: `/renamed-away${matchEntry.path}`, size: 0}]}},
  },
  {name: 'deleted', make: ({matchEntry}) => (matchEntry.path === '/' ? undefined : {producer: {remove: [matchEntry.path]}})},
  {
    name: 'a dangling link in its place',
    make: victim => instead(victim, {kind: 'symlink', mode: 0o777, size: 0, link: '/nowhere/at/all'}),
  },
  {
    name: 'a link out of the image in its place',
    make: victim => instead(victim, {kind: 'symlink', mode: 0o777, size: 0, link: '../../../../../../../../../../host'}),
  },
  {
    name: 'a FIFO in its place',
    make: victim => (victim.rules === 'def' ? instead(victim, {kind: 'fifo', mode: 0o644, size: 0}) : undefined),
  },
  {
    name: 'emptied program',
    make: ({file, program, named}) =>
      named && (program.kind === 'elf' || program.kind === 'script')
        ? {producer: {put: [{...file, size: 0}], content: new Map([[file.path, () => Buffer.alloc(0)]])}}
        : undefined,
  },
  {
    name: 'emptied folder',
    make: ({matchEntry, image}) =>
      matchEntry.kind === 'directory' && matchEntry.path !== '/'
        ? {producer: {remove: image.tree.list(matchEntry.path).map(name => `${matchEntry.path}/${name}`)}}
        : undefined,
  },
  {
    name: 'cut short',
    make: victim => {
      const {file} = victim
      if (!isDynamic(victim) || !victim.named) return undefined
      const size = Math.floor(file.size / 2)
      return {producer: {put: [{...file, size}], content: new Map([[file.path, bytes => bytes.subarray(0, size)]])}}
    },
  },
  {
    name: 'chmod a-x, and run',
    make: ({file, run}) => (run ? {producer: {put: [{...file, mode: 0o644}]}} : undefined),
  },
  {
    name: 'chmod a-x, named only',
    make: victim =>
      victim.named && !victim.run && isDynamic(victim) && victim.program.kind === 'elf' && victim.program.soname === undefined
        ? {producer: {put: [{...victim.file, mode: 0o644}]}}
        : undefined,
  },
  {
    name: 'chmod go-rwx',
    make: ({file, program, run, named}) =>
      (run || named) && (program.kind === 'script' || (program.kind === 'elf' && program.type !== 'relocatable'))
        ? {producer: {put: [{...file, mode: 0o700}]}}
        : undefined,
  },
  {
    name: 'another architecture',
    make: ({file, program, named, run}) =>
      program.kind === 'elf' && (named || run)
        ? patched(file, bytes => {
            const copy = Buffer.from(bytes)
            copy.writeUInt16LE(FOREIGN, 18)
            return copy
          })
        : undefined,
  },
  {
    name: 'a library taken from the destination',
    make: ({linked, named, run, program}) => {
      const last = linked?.libraries.at(-1)
      return last === undefined || !(named || run) || (program.kind === 'elf' && program.interpreter === undefined && !named)
        ? undefined
        : {destination: [last]}
    },
  },
  {
    name: 'the loader taken from the destination',
    make: victim =>
      isDynamic(victim) &&
      (victim.named || victim.run) &&
      victim.program.kind === 'elf' &&
      victim.program.interpreter !== undefined
        ? {destination: [victim.program.interpreter]}
        : undefined,
  },
  {
    name: 'needs another library',
    make: victim => {
      const {program, file, named, run} = victim
      return program.kind === 'elf' && program.needed.includes('libc.so.6') && (named || run)
        ? patched(file, bytes => replaceBytes(bytes, 'libc.so.6', 'libq.so.6'))
        : undefined
    },
  },
  {
    name: 'wants a newer glibc',
    make: ({file, program, named, run}) => {
      const version =
        program.kind === 'elf' ? program.wants.find(each => /^GLIBC_2\.\d\d$/.test(each.version))?.version : undefined
      return version !== undefined && (named || run)
        ? patched(file, bytes => replaceBytes(bytes, version, 'GLIBC_9.99'))
        : undefined
    },
  },
  {
    name: 'the base has musl instead',
    make: victim => (isDynamic(victim) && (victim.named || victim.run) ? {musl: true} : undefined),
  },
  {
    name: 'another interpreter in the first line',
    make: ({file, program, named, run}) =>
      program.kind === 'script' && (named || run)
        ? patched(file, bytes => replaceBytes(bytes, program.interpreter, `${program.interpreter.slice(0, -1)}q`))
        : undefined,
  },
  {
    name: 'line ends of Windows',
    make: ({file, program, run, image}) =>
      program.kind === 'script' && run && !file.path.startsWith('/.singularity.d/') && image.tree.lookup(file.path) !== undefined
        ? {
            producer: {
              put: [{...file, size: file.size + 1}],
              content: new Map([[file.path, bytes => Buffer.from(bytes.toString('latin1').replace('\n', '\r\n'), 'latin1')]]),
            },
          }
        : undefined,
  },
  {
    name: 'a link to what is not copied',
    make: ({matchEntry, final}) =>
      matchEntry.kind === 'directory' && matchEntry.path !== '/' && final
        ? {
            producer: {
              put: [
                {
                  path: `${matchEntry.path}/left`,
                  kind: 'symlink',
                  mode: 0o777,
                  uid: 0,
                  gid: 0,
                  size: 0,
                  link: '/not-copied/target',
                },
                {path: '/not-copied/target', kind: 'file', mode: 0o644, uid: 0, gid: 0, size: 0},
              ],
            },
          }
        : undefined,
  },
  {
    name: 'a FIFO inside',
    make: ({matchEntry, rules}) =>
      matchEntry.kind === 'directory' && matchEntry.path !== '/' && rules === 'def'
        ? {producer: {put: [{path: `${matchEntry.path}/fifo`, kind: 'fifo', mode: 0o644, uid: 0, gid: 0, size: 0}]}}
        : undefined,
  },
]
