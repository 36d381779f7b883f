/** Verifies the artifacts of a stage in its image: every path that a needed later stage takes from it. */
import {artifactChecks} from '../checks/artifacts/index.js'
import {artifactBytes, artifactDigest} from '../images/digest.js'
import {matchSource} from '../language/sources.js'
import type {ArtifactKind, ArtifactReport, Match, Subject} from '../model/artifact.js'
import type {Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {EntryKind, ImageTree} from '../model/image.js'
import type {Artifact, ArtifactRequest} from '../plan/graph.js'

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

/** What a copy's source means in an image. */
function lookFor(
  request: ArtifactRequest,
  path: string,
  producer: Stage,
  tree: ImageTree,
  environment: ReadonlyMap<string, string>,
): Subject {
  const found = matchSource(request.step, request.source, tree, environment)
  const matches = found.kind === 'matched' ? found.paths.map(each => ({path: each, resolution: tree.resolve(each)})) : []
  return {
    path,
    producer: producer.name,
    consumer: request.stage,
    step: request.step,
    source: request.source,
    tree,
    matches,
    refused: found.kind === 'refused' ? found.reason : undefined,
  }
}

/** The verdict on one artifact: every request of it is judged by every check. */
export function verifyArtifact(
  artifact: Artifact,
  producer: Stage,
  tree: ImageTree,
  environment: ReadonlyMap<string, string>,
): ArtifactReport {
  const diagnostics: Diagnostic[] = []
  const matches = new Map<string, Match>()
  for (const request of artifact.requests) {
    const subject = lookFor(request, artifact.path, producer, tree, environment)
    for (const match of subject.matches) matches.set(match.path, match)
    for (const check of artifactChecks) {
      const findings = check.find(subject)
      diagnostics.push(...findings)
      if (findings.length > 0) break
    }
  }
  const found = [...matches.values()].filter(match => match.resolution.kind === 'found').map(match => match.path)
  const failed = diagnostics.some(each => each.severity === 'error')
  return {
    path: artifact.path,
    matches: found,
    wantedBy: artifact.wantedBy,
    status: failed ? 'failed' : 'ok',
    kind: commonKind([...matches.values()]),
    ...(failed ? {} : {bytes: artifactBytes(tree, found), digest: artifactDigest(tree, found)}),
    diagnostics,
  }
}
