/** Verifies the artifacts of a stage in its image: every path that a needed later stage takes from it. */
import {createHash} from 'node:crypto'
import {artifactChecks} from '../checks/artifacts/index.js'
import {artifactBytes, artifactDigest} from '../images/digest.js'
import {isOdd} from '../images/names.js'
import {readPrograms} from '../images/programs.js'
import {engineFiles} from '../language/engine-files.js'
import {matchSource} from '../language/sources.js'
import type {Arrival, ArtifactKind, ArtifactReport, Destination, Match, Subject} from '../model/artifact.js'
import type {CopyStep, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {EntryKind, Image, ImageEntry, ImageTree} from '../model/image.js'
import type {Program} from '../model/program.js'
import type {Artifact, ArtifactRequest} from '../plan/graph.js'
import type {Arriving, Destinations, Expected} from './destinations.js'

function kindOf(kind: EntryKind): ArtifactKind {
  return kind === 'file' || kind === 'directory' || kind === 'symlink' ? kind : 'other'
}

/** One word for all matches of an artifact. */
function commonKind(matches: readonly Match[]): ArtifactKind {
  const kinds = new Set(
    matches.map(match =>
      match.resolution.kind === 'found'
        ? kindOf(match.resolution.entry.kind)
        : match.resolution.kind === 'missing' && match.resolution.link === undefined
          ? 'missing'
          : 'symlink',
    ),
  )
  if (kinds.size === 0) return 'missing'
  const [only] = kinds
  return kinds.size === 1 && only !== undefined ? only : 'mixed'
}

/** What is verified, and with what at hand. */
export interface Verification {
  readonly producer: Stage
  readonly image: Image
  readonly artifacts: readonly Artifact[]
  /** The caller's environment, for names in definition files. */
  readonly environment: ReadonlyMap<string, string>
  /** Undefined where nothing is known of where the artifacts go. */
  readonly destinations: Destinations | undefined
  /** Only whether everything is there, not whether it is fit for where it goes. */
  readonly onlyThere?: true
  /** The finished image of the target, once there is one. */
  readonly finished?: Image
  /** Leaves out what a comment in the input silences. */
  heed(diagnostics: readonly Diagnostic[]): readonly Diagnostic[]
  readonly signal: AbortSignal
}

/** A request with what its source means in the image. */
interface Found {
  readonly request: ArtifactRequest
  readonly matches: readonly Match[]
  readonly refused: string | undefined
}

function lookFor(request: ArtifactRequest, tree: ImageTree, environment: ReadonlyMap<string, string>): Found {
  const found = matchSource(request.step, request.source, tree, environment)
  const matches = found.kind === 'matched' ? found.paths.map(each => ({path: each, resolution: tree.resolve(each)})) : []
  return {request, matches, refused: found.kind === 'refused' ? found.reason : undefined}
}

/** The digest of what an artifact is in an image; undefined when it is not there. */
export function artifactDigestOf(
  artifact: Artifact,
  tree: ImageTree,
  environment: ReadonlyMap<string, string>,
): string | undefined {
  const matches = new Map(
    artifact.requests.flatMap(request => lookFor(request, tree, environment).matches.map(match => [match.path, match] as const)),
  )
  const found = [...matches.values()].every(match => match.resolution.kind === 'found')
  return matches.size > 0 && found ? artifactDigest(tree, [...matches.keys()]) : undefined
}

/** What an artifact is in an image, without a verdict. */
export function artifactIn(
  artifact: Artifact,
  tree: ImageTree,
  environment: ReadonlyMap<string, string>,
): Pick<ArtifactReport, 'matches' | 'kind'> & {readonly bytes: number} {
  const matches = new Map(
    artifact.requests.flatMap(request => lookFor(request, tree, environment).matches.map(match => [match.path, match] as const)),
  )
  const paths = [...matches.values()].filter(match => match.resolution.kind === 'found').map(match => match.path)
  return {matches: paths, kind: commonKind([...matches.values()]), bytes: artifactBytes(tree, paths)}
}

/** What the engine adds to the root of every image: docker's copy of a whole stage leaves it out. */
function isEnginesOwn(step: CopyStep, from: string, path: string): boolean {
  return step.rules === 'docker' && from === '/' && engineFiles.includes(path.split('/')[1] ?? '')
}

/** Anything that may be run or loaded, by its mode or name. */
function mayBeProgram(entry: ImageEntry, started: ReadonlySet<string>): boolean {
  if (entry.kind !== 'file' || entry.size === 0 || isOdd(entry.path)) return false
  // What something starts is looked at whatever its mode.
  if (started.has(entry.path.slice(entry.path.lastIndexOf('/') + 1))) return true
  return entry.kind === 'file' && entry.size > 0 && ((entry.mode & 0o111) !== 0 || /\.so(\.|$)/.test(entry.path))
}

/** The files that a match brings along. */
function* filesOf({request}: Found, match: Match, tree: ImageTree, started: ReadonlySet<string>): Iterable<ImageEntry> {
  if (match.resolution.kind !== 'found') return
  // A file that was named may be a program that lost its mode.
  if (match.resolution.entry.kind === 'file') yield match.resolution.entry
  else
    for (const entry of tree.below(match.resolution.entry.path))
      if (mayBeProgram(entry, started) && !isEnginesOwn(request.step, match.resolution.entry.path, entry.path)) yield entry
}

/** Files whose content `expect:` names, hashed where the image's listing does not have them. */
async function digestsOf(found: readonly Found[], {image, signal}: Verification): Promise<Map<string, string>> {
  const digests = new Map<string, string>()
  const wanted: string[] = []
  for (const {request, matches} of found) {
    if (request.step.expect?.sha256 === undefined) continue
    for (const {resolution} of matches) {
      if (resolution.kind !== 'found' || resolution.entry.kind !== 'file') continue
      const {path, digest} = resolution.entry
      if (digest === undefined) wanted.push(path)
      else digests.set(path, digest)
    }
  }
  if (wanted.length === 0) return digests
  await image.contents(
    [...new Set(wanted)],
    async (path, content) => {
      const hash = createHash('sha256')
      for await (const chunk of content) hash.update(chunk)
      digests.set(path, `sha256:${hash.digest('hex')}`)
    },
    signal,
  )
  return digests
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

function movedTo(path: string, {from, to}: Arriving): string {
  const rest = from === '/' ? path : path.slice(from.length)
  return rest === '' || rest === '/' ? to : `${to === '/' ? '' : to}${rest}`
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')))
}

function realFolder(tree: ImageTree, path: string): string {
  const found = tree.resolve(path)
  return found.kind === 'found' ? found.entry.path : path
}

/** What certainly is a program of the destination's own, to tell its architecture by. */
async function architectureOf(expected: Expected, signal: AbortSignal): Promise<string | undefined> {
  const {before, image} = expected
  const tree = before ?? image.tree
  for (const path of [
    '/bin/sh',
    '/bin/busybox',
    '/usr/bin/env',
    '/bin/bash',
    '/lib/ld-linux-aarch64.so.1',
    '/lib64/ld-linux-x86-64.so.2',
  ]) {
    const found = tree.resolve(path)
    if (found.kind !== 'found') continue
    const program = (await readPrograms(image, [found.entry.path], signal)).get(found.entry.path)
    if (program?.kind === 'elf') return program.architecture
  }
  return image.architecture ?? expected.architecture
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
  const folders = new Set(expected.surroundings.path.map(folder => realFolder(expected.image.tree, folder)))
  const arrivals: Arrival[] = []
  for (const match of found.matches) {
    const place = arriving.find(each => each.match === match.path)
    if (place === undefined || match.resolution.kind !== 'found') continue
    for (const file of filesOf(found, match, tree, started)) {
      const program = programs.get(file.path)
      const to = movedTo(file.path, place)
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
async function destinationsOf(
  found: readonly Found[],
  programs: ReadonlyMap<string, Program>,
  verification: Verification,
): Promise<Map<ArtifactRequest, {readonly destination: Destination; readonly places: readonly Arriving[]}>> {
  const result = new Map<ArtifactRequest, {destination: Destination; places: readonly Arriving[]}>()
  const {destinations, finished, image, onlyThere, signal} = verification
  const wanted = found.filter(
    each => destinations?.areRun(each.request.stage) === true && each.request.stage.steps.includes(each.request.step),
  )
  if (destinations === undefined || onlyThere || wanted.length === 0) return result
  const own = new Set([...programs.keys()].map(path => path.slice(path.lastIndexOf('/') + 1)))
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

/** Rules that judge what a copy finds: where one of them has something to say, the others have nothing to look at. */
function judge(subject: Subject): readonly Diagnostic[] {
  const diagnostics: Diagnostic[] = []
  for (const check of artifactChecks.found) {
    const findings = check.find(subject)
    if (findings.length > 0) return findings
  }
  for (const check of artifactChecks.fit) diagnostics.push(...check.find(subject))
  return diagnostics
}

/**
 * The verdict on all artifacts of a stage: every request of each is judged by every check.
 * @throws SifstageError when an image is damaged
 */
export async function verifyArtifacts(verification: Verification): Promise<ArtifactReport[]> {
  const {artifacts, image, producer, environment, destinations, signal} = verification
  const {tree} = image
  const found = artifacts.flatMap(artifact => artifact.requests.map(request => lookFor(request, tree, environment)))
  const started = destinations?.started() ?? new Set<string>()
  const candidates = new Set(
    found.flatMap(each => each.matches.flatMap(match => [...filesOf(each, match, tree, started)].map(entry => entry.path))),
  )
  const programs = await readPrograms(image, candidates, signal)
  const digests = await digestsOf(found, verification)
  const goals = await destinationsOf(found, programs, verification)
  const others = (await destinations?.others()) ?? new Map<string, ImageTree>()
  return artifacts.map(artifact => {
    const matches = new Map<string, Match>()
    const diagnostics: Diagnostic[] = []
    for (const request of artifact.requests) {
      const each = found.find(one => one.request === request)
      if (each === undefined) continue
      const goal = goals.get(request)
      const placed = each.matches.map((match): Match => {
        const to = goal?.places.find(place => place.match === match.path)?.to
        return to === undefined ? match : {...match, to}
      })
      for (const match of placed) matches.set(match.path, match)
      diagnostics.push(
        ...judge({
          path: artifact.path,
          producer: producer.name,
          consumer: request.stage,
          step: request.step,
          source: request.source,
          tree,
          matches: placed,
          refused: each.refused,
          programs,
          others,
          destination: goal?.destination,
          digests,
        }),
      )
    }
    const heeded = verification.heed(diagnostics)
    const paths = [...matches.values()].filter(match => match.resolution.kind === 'found').map(match => match.path)
    const failed = heeded.some(each => each.severity === 'error')
    // Without the content of its files there is no digest.
    const digest = failed ? undefined : artifactDigest(tree, paths)
    return {
      path: artifact.path,
      matches: paths,
      wantedBy: artifact.wantedBy,
      status: failed ? 'failed' : 'ok',
      kind: commonKind([...matches.values()]),
      ...(failed ? {} : {bytes: artifactBytes(tree, paths)}),
      ...(digest === undefined ? {} : {digest}),
      diagnostics: heeded,
    }
  })
}
