/** How the programs of artifacts fare in the image that they go to. */
import {readPrograms} from '../images/programs.js'
import type {Arrival, Destination} from '../model/artifact.js'
import type {Image, ImageTree} from '../model/image.js'
import {baseName, folderOf, movedPath, resolvedPath} from '../model/paths.js'
import type {Program} from '../model/program.js'
import type {ArtifactRequest} from '../plan/graph.js'
import type {Arriving, Destinations, Expected} from './destinations.js'
import {type Found, filesOf} from './found.js'

/** Where programs are judged. */
export interface FitScene {
  /** The image that they come from. */
  readonly image: Image
  readonly destinations: Destinations
  /** The finished image of the target, once there is one. */
  readonly finished: Image | undefined
  readonly signal: AbortSignal
}

/** The programs that something starts, by their own path in the destination. */
function startedBy(expected: Expected, step: ArtifactRequest, chainAt: (stage: number) => number): Map<string, string> {
  const {image, surroundings} = expected
  const result = new Map<string, string>()
  const here = {stage: chainAt(step.stage.index), step: step.stage.steps.indexOf(step.step)}
  for (const {names, who, at} of surroundings.starts) {
    // A step that ran before the copy does not run what it brings.
    if (at !== undefined && (chainAt(at.stage) < here.stage || (at.stage === step.stage.index && at.step < here.step))) continue
    for (const name of names) {
      const paths = name.includes('/') ? [name] : surroundings.path.map(folder => `${folder}/${name}`)
      for (const path of paths) {
        const found = path.startsWith('/') ? image.tree.resolve(path) : undefined
        if (found?.kind !== 'found' || found.entry.kind !== 'file') continue
        if (!result.has(found.entry.path)) result.set(found.entry.path, who)
        break
      }
    }
  }
  return result
}

/** What certainly is a program of the destination's own, the likeliest first. */
const OWN_PROGRAMS = [
  '/bin/sh',
  '/bin/busybox',
  '/usr/bin/env',
  '/bin/bash',
  '/lib/ld-linux-aarch64.so.1',
  '/lib64/ld-linux-x86-64.so.2',
]

/** What the destination's own programs are made for. */
async function architectureOf(expected: Expected, signal: AbortSignal): Promise<string | undefined> {
  const {before, image} = expected
  const tree = before ?? image.tree
  // Looked for where nothing has been copied to yet: a copied program may be one for another machine.
  const candidates = OWN_PROGRAMS.flatMap(path => {
    const found = tree.resolve(path)
    return found.kind === 'found' ? [found.entry.path] : []
  })
  const programs = await readPrograms(image, candidates, signal)
  const own = candidates.map(path => programs.get(path)).find(program => program?.kind === 'elf')
  return own?.architecture ?? image.architecture ?? expected.architecture
}

/** The programs of the producer's artifacts at their places. */
async function arrivalsOf(
  found: Found,
  expected: Expected,
  tree: ImageTree,
  programs: ReadonlyMap<string, Program>,
  running: ReadonlyMap<string, string>,
  started: ReadonlySet<string>,
): Promise<Arrival[]> {
  const arriving = expected.arriving.get(found.request.source) ?? []
  const folders = new Set(expected.surroundings.path.map(folder => resolvedPath(expected.image.tree, folder)))
  const arrivals: Arrival[] = []
  for (const match of found.matches) {
    const place = arriving.find(each => each.match === match.path)
    if (place === undefined || match.resolution.kind !== 'found') continue
    for (const file of filesOf(found, match, tree, started)) {
      const program = programs.get(file.path)
      const to = movedPath(file.path, place.from, place.to)
      const entry = expected.image.tree.lookup(to)
      // What a later step took away, or changed, is not this file any more.
      if (program === undefined || entry?.kind !== 'file' || entry.size !== file.size) continue
      expected.linker.know(to, program)
      const ranBy = running.get(to)
      const named = match.resolution.entry.kind === 'file' && !/[*?[\]{}]/.test(found.request.source.path.join(''))
      arrivals.push({
        from: file.path,
        to,
        entry,
        program,
        weight: ranBy !== undefined ? 'run' : named ? 'named' : folders.has(folderOf(to)) ? 'on-path' : 'inside',
        ...(ranBy === undefined ? {} : {ranBy}),
      })
    }
  }
  return arrivals
}

/** How the artifacts of all requests fare in the destination. */
export async function destinationsOf(
  found: readonly Found[],
  programs: ReadonlyMap<string, Program>,
  scene: FitScene,
): Promise<Map<ArtifactRequest, {readonly destination: Destination; readonly places: readonly Arriving[]}>> {
  const result = new Map<ArtifactRequest, {destination: Destination; places: readonly Arriving[]}>()
  const {destinations, finished, image, signal} = scene
  const wanted = found.filter(
    each => destinations.areRun(each.request.stage) && each.request.stage.steps.includes(each.request.step),
  )
  if (wanted.length === 0) return result
  // A script may install anything; a program that was compiled hardly does.
  const own = new Set([...programs].flatMap(([path, {kind}]) => (kind === 'elf' ? [baseName(path)] : [])))
  const expected =
    finished === undefined ? await destinations.expected(own, signal) : await destinations.finished(finished, signal)
  const {linker, surroundings} = expected
  const all = new Map<Found, readonly Arrival[]>()
  for (const each of wanted) {
    const running = startedBy(expected, each.request, stage => destinations.place(stage))
    all.set(each, await arrivalsOf(each, expected, image.tree, programs, running, destinations.started()))
  }
  const linked = await linker.link(
    [...all.values()].flat().flatMap(({program, to}) => (program.kind === 'elf' && program.dynamic ? [to] : [])),
    signal,
  )
  const {has} = await linker.loaders(signal)
  const architecture = await architectureOf(expected, signal)
  const settingScript = [...all.values()].flat().some(({program}) => program.kind === 'script' && program.setsLibraryPath)
  for (const [each, arrivals] of all) {
    const {suppliers} = expected
    result.set(each.request, {
      places: expected.arriving.get(each.request.source) ?? [],
      destination: {
        stage: expected.stage,
        tree: expected.image.tree,
        before: expected.before,
        finished: expected.finished,
        architecture,
        libc: has,
        path: surroundings.path,
        openLibraryPath: surroundings.openLibraryPath || settingScript,
        arrivals: arrivals.map(arrival => {
          const links = linked.get(arrival.to)
          return links === undefined ? arrival : {...arrival, linked: links}
        }),
        supplier: name => suppliers.find(by => by.files && (by.names === undefined || by.names.has(name)))?.who,
        modeChanger: suppliers.find(by => by.modes)?.who,
        hostLibrary: expected.hostLibrary,
      },
    })
  }
  return result
}
