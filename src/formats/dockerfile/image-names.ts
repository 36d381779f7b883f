/** What is an image reference in a Dockerfile (github.com/distribution/reference, regexp.go). */
import type {ImageReference} from '../../model/reference.js'

const domain =
  /^(?:localhost|[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?$/
const component = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/
const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/
const digest = /^[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/

export type ImageName =
  | {readonly kind: 'image'; readonly reference: ImageReference}
  | {readonly kind: 'bad'; readonly message: string; readonly hint: string}

/** A Dockerfile names images of registries only; there are no transports. */
export function imageName(text: string): ImageName {
  const bad = (reason: string, hint: string): ImageName => ({
    kind: 'bad',
    message: `${JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text)} is no image reference: ${reason}`,
    hint,
  })
  const transport = /^([a-z-]+):\/\//.exec(text)
  if (transport !== null) return bad('it has a scheme', `In a Dockerfile an image is named without ${transport[0]}.`)
  const [beforeDigest = '', ...digests] = text.split('@')
  if (digests.length > 1 || (digests[0] !== undefined && !digest.test(digests[0]))) {
    return bad('its digest is malformed', 'A digest is written @sha256: and 64 hexadecimal digits.')
  }
  const colon = beforeDigest.lastIndexOf(':')
  const hasTag = colon > beforeDigest.lastIndexOf('/')
  if (hasTag && !tag.test(beforeDigest.slice(colon + 1))) {
    return bad('its tag is malformed', 'A tag has letters, digits, `_`, `.` and `-`, at most 128 of them.')
  }
  const parts = (hasTag ? beforeDigest.slice(0, colon) : beforeDigest).split('/')
  const first = parts[0] ?? ''
  const hasDomain = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
  if (hasDomain && !domain.test(first)) return bad('its registry is malformed', 'A registry is HOST or HOST:PORT.')
  const path = hasDomain ? parts.slice(1) : parts
  if (path.some(part => part !== part.toLowerCase()))
    return bad('repository name must be lowercase', 'Write the name in lower case.')
  if (!path.every(part => component.test(part))) {
    return bad('invalid reference format', 'A name has lower-case letters and digits, with single `.`, `_` or `-` between them.')
  }
  return {kind: 'image', reference: {transport: 'docker', name: text}}
}
