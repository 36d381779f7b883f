/** Which C and C++ libraries the image has, and which versions of them the programs in it want. */
import {baseName} from '../model/paths.js'
import type {Program} from '../model/program.js'
import type {Row} from '../model/report.js'
import type {Facts, Names, Topic} from './topic.js'
import {compareVersions, newest, newestSymbol} from './versions.js'

export interface Library {
  readonly path: string
  readonly version: string
}

/** The newest version that a program wants, and the program. */
export interface Wanted {
  readonly version: string
  readonly by: string
}

export interface Libc {
  readonly glibc?: Library & {
    /** The oldest Linux that it starts on. */
    readonly kernel?: string
  }
  readonly musl?: {readonly path: string; readonly version?: string}
  /** By the versions of its symbols: `3.4.30` is that of GCC 12. */
  readonly libstdcxx?: Library
  readonly glibcWanted?: Wanted
  readonly libstdcxxWanted?: Wanted
  /** Programs that were looked at for what they want, and how many there are. */
  readonly programs: {readonly looked: number; readonly all: number}
}

const GLIBC = 'libc.so.6'
const STDCXX = 'libstdc++.so.6'
const MUSL_PACKAGES = '/lib/apk/db/installed'
/** Libraries of one name that are looked at. */
const MOST = 20

/** Files that are, or that links lead to, one of these names. */
function librariesOf({tree, entries}: Names, wanted: (name: string) => boolean): string[] {
  const found = new Set<string>()
  for (const entry of entries) {
    if (!wanted(baseName(entry.path))) continue
    if (entry.kind === 'file') found.add(entry.path)
    if (entry.kind !== 'symlink') continue
    const resolution = tree.resolve(entry.path)
    if (resolution.kind === 'found' && resolution.entry.kind === 'file') found.add(resolution.entry.path)
  }
  return [...found].slice(0, MOST)
}

const isMusl = (name: string) => /^ld-musl-\w+\.so\.1$/.test(name)

/** The oldest library of a name counts where there are several: nobody can tell which a program gets. */
function given(facts: Facts, paths: readonly string[], prefix: string): (Library & {program: Program}) | undefined {
  const found = paths.flatMap(path => {
    const program = facts.program(path)
    const version = program?.kind === 'elf' ? newestSymbol(program.gives, prefix) : undefined
    return program === undefined || version === undefined ? [] : [{path, version, program}]
  })
  // One in the system's own folders is what is loaded by default.
  const system = found.filter(each => /^\/(usr\/)?lib/.test(each.path))
  return (system.length > 0 ? system : found).sort((a, b) => compareVersions(a.version, b.version))[0]
}

function wanted(facts: Facts, prefix: string): Wanted | undefined {
  let best: Wanted | undefined
  for (const path of facts.own) {
    const program = facts.program(path)
    if (program?.kind !== 'elf') continue
    const version = newestSymbol(
      program.wants.filter(each => !each.weak).map(each => each.version),
      prefix,
    )
    if (version !== undefined && (best === undefined || compareVersions(version, best.version) > 0)) best = {version, by: path}
  }
  return best
}

function muslOf(facts: Facts): Libc['musl'] {
  const [path] = librariesOf(facts, isMusl)
  if (path === undefined) return undefined
  // Alpine's database of packages says it; otherwise the loader holds it as a text by itself.
  const packed = /^P:musl\nV:(\d+\.\d+\.\d+)/m.exec(facts.text(MUSL_PACKAGES) ?? '')?.[1]
  const version = packed ?? newest(facts.marks(path))
  return {path, ...(version === undefined ? {} : {version})}
}

export const libc: Topic<Libc> = {
  title: 'C and C++ libraries',
  wants(names) {
    return {
      texts: [MUSL_PACKAGES],
      programs: librariesOf(names, name => name === GLIBC || name === STDCXX),
      marks: librariesOf(names, isMusl).map(path => ({path, pattern: /(?<=\0)(1\.\d\.\d{1,2})(?=\0)/})),
    }
  },
  look(facts) {
    const glibc = given(
      facts,
      librariesOf(facts, name => name === GLIBC),
      'GLIBC_',
    )
    const kernel = glibc?.program.kind === 'elf' ? glibc.program.kernel : undefined
    const stdcxx = given(
      facts,
      librariesOf(facts, name => name === STDCXX),
      'GLIBCXX_',
    )
    const musl = muslOf(facts)
    const glibcWanted = wanted(facts, 'GLIBC_')
    const libstdcxxWanted = wanted(facts, 'GLIBCXX_')
    const looked = facts.own.filter(path => facts.program(path)?.kind === 'elf').length
    const want = (each: Wanted | undefined, prefix: string) =>
      each === undefined ? '' : `${prefix}${each.version} wanted by ${each.by}`
    const rows: Row[] = [
      ...(glibc === undefined && glibcWanted === undefined
        ? []
        : [['glibc', glibc === undefined ? 'none' : `${glibc.version} (${glibc.path})`, want(glibcWanted, '')] satisfies Row]),
      ...(kernel === undefined ? [] : [['', `for Linux ${kernel} and newer`] satisfies Row]),
      ...(musl === undefined ? [] : [['musl', `${musl.version ?? 'version unknown'} (${musl.path})`] satisfies Row]),
      ...(stdcxx === undefined && libstdcxxWanted === undefined
        ? []
        : [
            [
              'libstdc++',
              stdcxx === undefined ? 'none' : `GLIBCXX_${stdcxx.version} (${stdcxx.path})`,
              want(libstdcxxWanted, 'GLIBCXX_'),
            ] satisfies Row,
          ]),
    ]
    return {
      data: {
        ...(glibc === undefined
          ? {}
          : {glibc: {path: glibc.path, version: glibc.version, ...(kernel === undefined ? {} : {kernel})}}),
        ...(musl === undefined ? {} : {musl}),
        ...(stdcxx === undefined ? {} : {libstdcxx: {path: stdcxx.path, version: stdcxx.version}}),
        ...(glibcWanted === undefined ? {} : {glibcWanted}),
        ...(libstdcxxWanted === undefined ? {} : {libstdcxxWanted}),
        programs: {looked, all: facts.ownCount},
      },
      rows,
    }
  },
}
