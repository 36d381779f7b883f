/** Verifies the artifacts of a stage in its image: every path that a needed later stage takes from it. */
import {createHash} from 'node:crypto'
import {artifactChecks} from '../checks/artifacts/index.js'
import {artifactBytes, artifactDigest} from '../images/digest.js'
import {readPrograms} from '../images/programs.js'
import type {ArtifactKind, ArtifactReport, Match, Subject} from '../model/artifact.js'
import type {Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {EntryKind, Image, ImageTree} from '../model/image.js'
import type {Artifact, ArtifactRequest} from '../plan/graph.js'
import type {Destinations} from './destinations.js'
import {destinationsOf} from './fit.js'
import {type Found, filesOf, lookFor} from './found.js'

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
  const goals =
    destinations === undefined || verification.onlyThere
      ? new Map<ArtifactRequest, never>()
      : await destinationsOf(found, programs, {image, destinations, finished: verification.finished, signal})
  const byRequest = new Map(found.map(each => [each.request, each]))
  const others = (await destinations?.others()) ?? new Map<string, ImageTree>()
  return artifacts.map(artifact => {
    const matches = new Map<string, Match>()
    const diagnostics: Diagnostic[] = []
    for (const request of artifact.requests) {
      const each = byRequest.get(request)
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
