import type {Arrival, ArtifactCheck, Destination, Subject} from '../../model/artifact.js'
import type {Diagnostic, Severity} from '../../model/diagnostic.js'
import {def} from '../../model/examples.js'
import type {ImageTree} from '../../model/image.js'
import {folderOf} from '../../model/paths.js'
import type {MissingLibrary} from '../../model/program.js'
import {destinationName, fitFinding, groupBy, some, whoAsked} from './finding.js'

interface Lack {
  readonly arrival: Arrival
  readonly missing: MissingLibrary
}

function isProgram({program}: Arrival): boolean {
  return program.kind === 'elf' && (program.type === 'executable' || program.interpreter !== undefined)
}

/** What is made for another machine, or has no loader, does not come to its libraries: other rules say that. */
function getsSoFar({program}: Arrival, {architecture, tree}: Destination): boolean {
  if (program.kind !== 'elf') return false
  if (architecture !== undefined && program.architecture !== architecture) return false
  return program.interpreter === undefined || tree.resolve(program.interpreter).kind === 'found'
}

/** A library that the destination's loader will not find. */
export const missingLibrary: ArtifactCheck = {
  name: 'artifact-missing-library',
  severity: 'error',
  summary: 'A program or library that a later stage copies needs a shared library that the destination’s loader does not find.',
  why: 'It would end in "error while loading shared libraries". The loader looks where the file itself says (RPATH, RUNPATH, $ORIGIN), where LD_LIBRARY_PATH says, in the list that ldconfig wrote, and in the system’s folders. Libraries that the machine brings at run time (a driver by --nv or --rocm, those that `runtime-libraries` names) are not missing.',
  bad: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -o /src/tool tool.c -L/src -lcount

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
`),
  ],
  good: [
    def(`Bootstrap: docker
From: gcc:12
Stage: build
%post
  gcc -o /src/tool tool.c -L/src -lcount

Bootstrap: docker
From: debian:12
%files from build
  /src/tool /usr/bin/tool
  /src/libcount.so /usr/lib/
`),
  ],
  find(subject) {
    const {destination} = subject
    if (destination === undefined) return []
    const lacks = destination.arrivals
      .filter(arrival => getsSoFar(arrival, destination))
      .flatMap(arrival => (arrival.linked?.missing ?? []).map(missing => ({arrival, missing})))
    return [...groupBy(lacks, each => each.missing.library).values()].flatMap(group => tell(subject, destination, group))
  },
}

function severityOf(lacks: readonly Lack[], destination: Destination): Severity {
  const host = lacks[0] === undefined ? undefined : destination.hostLibrary(lacks[0].missing.library)
  if (host !== undefined) return 'warning'
  const elsewhere = lacks.some(each => each.missing.elsewhere.length > 0)
  // It is in the image, and somebody tells the loader of folders that are not known here.
  if (elsewhere && destination.openLibraryPath) return lacks.some(each => each.arrival.weight === 'run') ? 'warning' : 'info'
  // A library is loaded by something that may have told the loader where to look; a module may never be loaded.
  const certain = lacks.some(
    ({arrival}) => (isProgram(arrival) && arrival.weight !== 'inside') || (!isProgram(arrival) && arrival.weight === 'named'),
  )
  return certain ? 'error' : 'warning'
}

/** Where the library could be copied from: the stage itself, then the others. */
function sources(subject: Subject, library: string): string | undefined {
  const images: readonly (readonly [string, ImageTree])[] = [[subject.producer, subject.tree], ...subject.others]
  for (const [stage, tree] of images) {
    const path = find(tree, library)
    if (path !== undefined) return `It is in stage "${stage}": ${path}`
  }
  return undefined
}

function find(tree: ImageTree, name: string): string | undefined {
  for (const entry of tree.below('/')) {
    if (
      (entry.kind === 'file' || entry.kind === 'symlink') &&
      entry.path.endsWith(`/${name}`) &&
      tree.resolve(entry.path).kind === 'found'
    )
      return entry.path
  }
  return undefined
}

/** How to make the loader look into a folder, in the language of the input. */
function pathHint({step, consumer}: Subject, path: string): string {
  const folder = folderOf(path)
  const how =
    step.rules === 'def'
      ? `Add to %environment of stage "${consumer.name}": export LD_LIBRARY_PATH=${folder}:$LD_LIBRARY_PATH`
      : `Add to stage "${consumer.name}": ENV LD_LIBRARY_PATH=${folder}`
  return `${how}; or copy it to /usr/lib/, or link the program with -Wl,-rpath,${folder}.`
}

function tell(subject: Subject, destination: Destination, lacks: readonly Lack[]): Diagnostic[] {
  const [first] = lacks
  if (first === undefined) return []
  const {library, elsewhere, ldconfig} = first.missing
  const host = destination.hostLibrary(library)
  if (host?.certain === true) return []
  const needing = [
    ...new Set(
      lacks.map(({arrival, missing}) =>
        missing.neededBy === arrival.to ? arrival.from : `${arrival.from} (by ${missing.neededBy})`,
      ),
    ),
  ]
  const where = destinationName(destination)
  const message =
    elsewhere.length === 0
      ? `${some(needing)} in stage "${subject.producer}" ${needing.length === 1 ? 'needs' : 'need'} ${library}, which ${where} does not have`
      : `${some(needing)} in stage "${subject.producer}" ${needing.length === 1 ? 'needs' : 'need'} ${library}, which ${where} has as ${some(elsewhere, 2)}, where its loader does not look`
  const source = sources(subject, library)
  const copied =
    source === undefined
      ? `Install the package that has it in stage "${subject.consumer.name}".`
      : `${source}. Copy it along to a folder that the loader looks into (/usr/lib/), or install its package in stage "${subject.consumer.name}".`
  const hint =
    elsewhere.length === 0
      ? host === undefined
        ? copied
        : `${copied} If ${host.why}, name it in \`runtime-libraries\` (of a YAML description, or of sifstage.config.yaml).`
      : ldconfig
        ? `Run ldconfig in stage "${subject.consumer.name}" after the copy: the folder is in ld.so.conf, but only ldconfig reads that.`
        : pathHint(subject, elsewhere[0] ?? '')
  return [
    fitFinding(missingLibrary.name, subject, {
      severity: severityOf(lacks, destination),
      message: `${message}; ${whoAsked(subject)}`,
      hint,
      supplier: destination.supplier(library),
    }),
  ]
}
