/** Which MPI an image has: the family decides whether it works with the machine's own. */
import {baseName} from '../model/paths.js'
import type {Row} from '../model/report.js'
import {type Facts, follow, type Names, type Topic} from './topic.js'
import {newest} from './versions.js'

export type MpiFamily = 'Open MPI' | 'MPICH' | 'MVAPICH' | 'Intel MPI' | 'Cray MPICH'

export interface MpiInstallation {
  readonly family: MpiFamily
  readonly version?: string
  /** What programs are linked with. */
  readonly soname?: string
  readonly library?: string
  /** Files that told the version. */
  readonly evidence: readonly string[]
}

export interface Mpi {
  readonly installations: readonly MpiInstallation[]
  readonly launchers: readonly string[]
  /** Programs that are linked with an MPI, by the library's name: also one that is to come from the machine. */
  readonly programs: readonly {readonly library: string; readonly count: number; readonly example: string}[]
}

/** The library that programs are linked with, and one that Open MPI's has beside it. */
const LIBRARY = /^lib(mpi|mpich|mpi_cray|mpi_intel)\.so\.\d+(\.\d+)*$/
const OPAL = /^libopen-pal\.so\.\d+(\.\d+)*$/
const PC = /^(ompi|mpich|mvapich2?|impi)\.pc$/
const LAUNCHER = /^(mpirun|mpiexec|orterun|prterun|mpiexec\.hydra)(\.(openmpi|mpich|mvapich2|lam))?$/
const MOST = 30

/** What libraries hold as text. A version by itself stands between two zero bytes. */
const TEXTS =
  /(Open MPI v(?:\d[\w.]*)?|MVAPICH2? +Version|MVAPICH2?-\d[\w.]*|Intel\(R\) MPI Library(?: \d{4}[\w.]*)?|CRAY MPICH version [\d.]*|MPICH Version:)|(?<=\0)(v?\d{1,4}\.\d{1,2}(?:\.\d{1,2})?(?:(?:a|b|rc)\d+)?)(?=\0)/

interface Candidates {
  readonly libraries: readonly string[]
  readonly headers: readonly string[]
  readonly descriptions: readonly string[]
  readonly opal: readonly string[]
  readonly launchers: readonly string[]
}

function candidates({tree, entries}: Names): Candidates {
  const found = {
    libraries: new Set<string>(),
    headers: new Set<string>(),
    descriptions: new Set<string>(),
    opal: new Set<string>(),
    launchers: new Set<string>(),
  }
  const add = (list: Set<string>, path: string) => {
    const entry = follow(tree, path)
    if (entry?.kind === 'file' && list.size < MOST) list.add(entry.path)
  }
  for (const {path, kind} of entries) {
    if (kind !== 'file' && kind !== 'symlink') continue
    const name = baseName(path)
    if (LIBRARY.test(name)) add(found.libraries, path)
    else if (OPAL.test(name)) add(found.opal, path)
    else if (name === 'mpi.h') add(found.headers, path)
    else if (PC.test(name)) add(found.descriptions, path)
    else if (LAUNCHER.test(name) && /\/s?bin\/[^/]+$/.test(path) && found.launchers.size < MOST) found.launchers.add(path)
  }
  return {
    libraries: [...found.libraries],
    headers: [...found.headers],
    descriptions: [...found.descriptions],
    opal: [...found.opal],
    launchers: [...found.launchers],
  }
}

/** What an mpi.h says of its own family; MVAPICH's and Intel's are MPICH's too, so they are asked first. */
export function headerVersion(text: string): {family: MpiFamily; version: string} | undefined {
  const one = (name: string) => new RegExp(`^#\\s*define\\s+${name}\\s+"?([\\w.]+)"?`, 'm').exec(text)?.[1]
  const mvapich = one('MVAPICH2_VERSION') ?? one('MVAPICH_VERSION')
  if (mvapich !== undefined) return {family: 'MVAPICH', version: mvapich}
  const intel = one('I_MPI_VERSION')
  if (intel !== undefined) return {family: 'Intel MPI', version: intel}
  const mpich = one('MPICH_VERSION')
  if (mpich !== undefined) return {family: 'MPICH', version: mpich}
  const [major, minor, release] = ['MAJOR', 'MINOR', 'RELEASE'].map(each => one(`OMPI_${each}_VERSION`))
  return major === undefined ? undefined : {family: 'Open MPI', version: `${major}.${minor ?? 0}.${release ?? 0}`}
}

/** What the texts in a library say; several may be there, since MVAPICH and Intel MPI are made from MPICH. */
export function libraryVersion(
  texts: readonly string[],
  hasOpal: boolean,
): {family: MpiFamily; version: string | undefined} | undefined {
  const behind = (start: RegExp) => newest(texts.flatMap(each => start.exec(each)?.[1] ?? []))
  const has = (start: string) => texts.some(each => each.startsWith(start))
  const bare = texts.flatMap(each => /^v?(\d+\.\d+(?:\.\d+)?(?:(?:a|b|rc)\d+)?)$/.exec(each)?.[1] ?? [])
  const only = (versions: readonly string[]) => (new Set(versions).size === 1 ? versions[0] : undefined)
  if (has('Intel(R) MPI Library')) return {family: 'Intel MPI', version: behind(/^Intel\(R\) MPI Library (\d[\w.]*)/)}
  if (has('CRAY MPICH')) return {family: 'Cray MPICH', version: behind(/^CRAY MPICH version (\d[\d.]*\d)/)}
  if (has('MVAPICH'))
    return {family: 'MVAPICH', version: behind(/^MVAPICH2?-(\d[\w.]*)/) ?? only(bare.filter(each => /^[234]\./.test(each)))}
  // MPICH looks for Open MPI's variables, and so holds its name.
  if (has('MPICH Version')) return {family: 'MPICH', version: only(bare.filter(each => /^[1345]\.\d/.test(each)))}
  if (hasOpal || has('Open MPI v'))
    return {
      family: 'Open MPI',
      version:
        behind(/^Open MPI v(\d[\w.]*)/) ??
        only(texts.flatMap(each => /^v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)$/.exec(each)?.[1] ?? [])),
    }
  return undefined
}

const FAMILY_OF_PC: Readonly<Record<string, MpiFamily>> = {
  ompi: 'Open MPI',
  mpich: 'MPICH',
  mvapich: 'MVAPICH',
  mvapich2: 'MVAPICH',
  impi: 'Intel MPI',
}

interface Hint {
  readonly family: MpiFamily
  readonly version: string
  readonly path: string
}

/** What the files beside the libraries say. */
function hintsOf(facts: Facts, {headers, descriptions}: Candidates): Hint[] {
  const hints: Hint[] = []
  for (const path of headers) {
    const found = headerVersion(facts.text(path) ?? '')
    if (found !== undefined) hints.push({...found, path})
  }
  for (const path of descriptions) {
    const version = /^Version:\s*(\S+)/m.exec(facts.text(path) ?? '')?.[1]
    const family = FAMILY_OF_PC[baseName(path).replace(/\.pc$/, '')]
    if (version !== undefined && family !== undefined) hints.push({family, version, path})
  }
  return hints
}

/** How much of their paths two files share: an image may hold several MPIs, each in a folder of its own. */
function shared(a: string, b: string): number {
  const [one, other] = [a.split('/'), b.split('/')]
  const different = one.findIndex((each, i) => each !== other[i])
  return different < 0 ? one.length : different
}

function installationsOf(facts: Facts, found: Candidates): MpiInstallation[] {
  const hints = hintsOf(facts, found)
  const used = new Set<Hint>()
  const installations: MpiInstallation[] = []
  for (const library of found.libraries) {
    const folder = library.slice(0, library.lastIndexOf('/'))
    const told = libraryVersion(
      facts.marks(library),
      found.opal.some(path => path.startsWith(`${folder}/`)),
    )
    const program = facts.program(library)
    const soname = program?.kind === 'elf' ? program.soname : undefined
    const family =
      told?.family ??
      (/^libmpich\./.test(baseName(library)) ? 'MPICH' : /^libmpi_cray\./.test(baseName(library)) ? 'Cray MPICH' : undefined)
    if (family === undefined) continue
    const own = hints.filter(each => each.family === family).sort((a, b) => shared(b.path, library) - shared(a.path, library))
    for (const each of own) used.add(each)
    const version = told?.version ?? own[0]?.version
    const evidence = [
      ...(told?.version === undefined ? [] : [library]),
      ...own.filter(each => each.version === version).map(each => each.path),
    ]
    installations.push({
      family,
      ...(version === undefined ? {} : {version}),
      ...(soname === undefined ? {} : {soname}),
      library,
      evidence,
    })
  }
  // Headers alone: what is compiled in the image is for that family, whatever runs it.
  for (const hint of hints) {
    if (used.has(hint) || installations.some(each => each.family === hint.family && each.version === hint.version)) continue
    installations.push({family: hint.family, version: hint.version, evidence: [hint.path]})
  }
  return installations
}

/** Programs by the MPI library that they name. */
function linkedPrograms(facts: Facts): Mpi['programs'] {
  const counts = new Map<string, {count: number; example: string}>()
  for (const path of facts.own) {
    const program = facts.program(path)
    if (program?.kind !== 'elf') continue
    for (const library of program.needed) {
      if (!LIBRARY.test(library)) continue
      const known = counts.get(library)
      counts.set(library, {count: (known?.count ?? 0) + 1, example: known?.example ?? path})
    }
  }
  return [...counts].map(([library, rest]) => ({library, ...rest}))
}

export const mpi: Topic<Mpi> = {
  title: 'MPI',
  wants(names) {
    const found = candidates(names)
    return {
      texts: [...found.headers, ...found.descriptions],
      programs: found.libraries,
      marks: found.libraries.map(path => ({path, pattern: TEXTS})),
    }
  },
  look(facts) {
    const found = candidates(facts)
    const data: Mpi = {
      installations: installationsOf(facts, found),
      launchers: found.launchers,
      programs: linkedPrograms(facts),
    }
    const rows: Row[] = [
      ...data.installations.map(
        (each): Row => [
          each.family,
          each.version ?? 'version unknown',
          each.library === undefined ? `no library, told by ${each.evidence[0] ?? ''}` : `${each.soname ?? ''} (${each.library})`,
        ],
      ),
      ...data.launchers.slice(0, 3).map((path): Row => ['launcher', path]),
      ...data.programs.map((each): Row => ['linked with', each.library, `${each.count} such as ${each.example}`]),
    ]
    return {data, rows}
  },
}
