import type {ContextFiles} from '../../src/model/format.js'

/** A context in which every path is there: only what the input itself says is judged. */
export const anything: ContextFiles = {
  root: '/context',
  kind: () => 'file',
  kindFollowed: () => 'file',
  names: () => [],
  text: () => undefined,
  mode: () => 0o644,
  head: () => new Uint8Array(),
  link: () => undefined,
  hardLinks: () => 1,
  environment: new Map(),
}
