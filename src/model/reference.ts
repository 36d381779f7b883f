/**
 * A base or foreign image by name. `transport` is what stands before `://` (docker, oras, library, shub,
 * docker-daemon); a Dockerfile's bare name is `docker`. Parsed once, at the edge.
 */
export interface ImageReference {
  readonly transport: string
  /** The name as it was written, without the transport. */
  readonly name: string
}

/** Local images: the bootstrap agent that reads it, and the path as written. */
export interface LocalReference {
  readonly agent: 'localimage' | 'oci' | 'oci-archive' | 'docker-archive'
  readonly path: string
}

/**
 * Splits `docker://alpine` into transport and name; a text without `://` is a docker reference.
 */
export function parseImageReference(text: string): ImageReference {
  const match = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/s.exec(text)
  if (match) return {transport: match[1] ?? 'docker', name: match[2] ?? ''}
  const daemon = /^(docker-daemon|containers-storage):(.*)$/s.exec(text)
  if (daemon) return {transport: daemon[1] ?? '', name: daemon[2] ?? ''}
  return {transport: 'docker', name: text}
}

/** `docker://debian:12` from its parts. */
export function showImageReference(reference: ImageReference): string {
  const separator = /^(docker-daemon|containers-storage)$/.test(reference.transport) ? ':' : '://'
  return `${reference.transport}${separator}${reference.name}`
}

/** `oci:FOLDER` from its parts. */
export function showLocalReference({agent, path}: LocalReference): string {
  return `${agent}:${path}`
}

/** A docker reference in its parts, as github.com/distribution/reference normalizes it. */
export interface DockerName {
  readonly registry: string
  readonly repository: string
  readonly tag: string | undefined
  readonly digest: string | undefined
}

/**
 * `alpine` → docker.io, library/alpine, latest. The first part is a registry if it has a `.` or `:` or is
 * `localhost` (or holds an upper-case letter); a name with neither tag nor digest means `latest`; with a digest the tag is only a remark.
 */
export function parseDockerName(name: string): DockerName {
  let rest = name
  let digest: string | undefined
  const at = rest.indexOf('@')
  if (at !== -1) {
    digest = rest.slice(at + 1)
    rest = rest.slice(0, at)
  }
  let tag: string | undefined
  const colon = rest.lastIndexOf(':')
  if (colon > rest.lastIndexOf('/')) {
    tag = rest.slice(colon + 1)
    rest = rest.slice(0, colon)
  }
  const slash = rest.indexOf('/')
  const first = slash === -1 ? '' : rest.slice(0, slash)
  const hasRegistry = slash !== -1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  let registry = hasRegistry ? first : 'docker.io'
  if (registry === 'index.docker.io') registry = 'docker.io'
  let repository = hasRegistry ? rest.slice(slash + 1) : rest
  if (registry === 'docker.io' && !repository.includes('/')) repository = `library/${repository}`
  if (tag === undefined && digest === undefined) tag = 'latest'
  return {registry, repository, tag, digest}
}

/** One spelling per image, so that two ways of naming it compare equal (design: `--base`). */
export function normalizeReference(text: string): string {
  const reference = parseImageReference(text)
  if (reference.transport !== 'docker') {
    if (reference.transport === 'oras' || reference.transport === 'library') {
      const last = reference.name.slice(reference.name.lastIndexOf('/') + 1)
      return `${showImageReference(reference)}${/[:@]/.test(last) ? '' : ':latest'}`
    }
    return showImageReference(reference)
  }
  const name = parseDockerName(reference.name)
  const version = name.digest === undefined ? `:${name.tag}` : `${name.tag === undefined ? '' : `:${name.tag}`}@${name.digest}`
  return `docker://${name.registry}/${name.repository}${version}`
}
