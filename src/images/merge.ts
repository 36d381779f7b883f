/**
 * Layers laid over each other, lowest first: names only (OCI image specification, `layer.md`; containerd
 * `pkg/archive/tar.go` where that leaves a choice).
 */
import type {EntryKind, ImageEntry} from '../model/image.js'
import {joinPath, pathParts} from '../model/paths.js'
import {hardLinks} from './hard-links.js'
import {Budget, LONGEST_PATH, refused} from './limits.js'
import type {Member} from './members.js'

/** Where the content of a file lies: which member of which layer. */
export interface Place {
  readonly layer: number
  readonly member: number
}

/** A member with its number in its layer. */
export interface LayerMember extends Member {
  readonly number: number
}

/** What a file's names have in common. */
interface Inode {
  readonly kind: EntryKind
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly size: number
  readonly link: string | undefined
  readonly capabilities: string | undefined
  readonly sparse: boolean
  readonly place: Place
}

interface Node {
  inode: Inode
  /** The layer that put it here. */
  layer: number
  readonly children: Map<string, Node>
  /** The layer that hid all that lower ones have below it: once is enough, however often it says so. */
  swept?: number
}

/** Of whatever is no folder: an empty map for each of a million files is the most of what they cost. */
const NONE: Map<string, Node> = new Map()

const MOST_LINKS = 40
const WHITEOUT = '.wh.'
const OPAQUE = '.wh..wh..opq'

function folderInode(layer: number): Inode {
  return {
    kind: 'directory',
    mode: 0o755,
    uid: 0,
    gid: 0,
    size: 0,
    link: undefined,
    capabilities: undefined,
    sparse: false,
    place: {layer, member: -1},
  }
}

function folder(layer: number): Node {
  return {inode: folderInode(layer), layer, children: new Map()}
}

function inodeOf(member: LayerMember, kind: EntryKind, layer: number): Inode {
  return {
    kind,
    // Linux knows no other for a link.
    mode: kind === 'symlink' ? 0o777 : member.mode,
    uid: member.uid,
    gid: member.gid,
    size: member.size,
    link: kind === 'symlink' ? member.link : undefined,
    capabilities: member.capabilities,
    sparse: member.sparse,
    place: {layer, member: member.number},
  }
}

/** A path's parts, cleaned as text. Docker refuses what leaves the tree and containerd turns it back in: so nobody can mean it. */
function partsOf(name: string, shown: string): string[] {
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined)
      throw refused(`it holds a path that leads out of it: ${JSON.stringify(shown.slice(0, 200))}`)
  }
  return parts
}

/** What a merged image is made of. */
export interface Merged {
  readonly entries: readonly ImageEntry[]
  /** Where the content of a file lies, by its path. */
  readonly places: ReadonlyMap<string, Place>
  /** Files whose bytes in the archive are not their content. */
  readonly sparse: ReadonlySet<string>
}

export class Merge {
  readonly #root = folder(-1)

  constructor(readonly budget: Budget) {}

  /** Lays one layer over those before it; its members in their order, the last of several with one name wins. */
  apply(layer: number, members: Iterable<LayerMember>): void {
    for (const member of members) this.#applyMember(layer, member)
  }

  #applyMember(layer: number, member: LayerMember): void {
    const parts = partsOf(member.name, member.name)
    const base = parts.pop()
    if (base === undefined) {
      if (member.kind !== 'directory') throw refused('it holds something else than a folder as its root')
      this.#root.inode = inodeOf(member, 'directory', layer)
      this.#root.layer = layer
      return
    }
    if (base.startsWith(WHITEOUT)) {
      this.#whiteout(layer, parts, base)
      return
    }
    const parent = this.#folderAt(parts, layer, member.name)
    const before = parent.children.get(base)
    if (member.kind === 'directory' && before?.inode.kind === 'directory') {
      before.inode = inodeOf(member, 'directory', layer)
      before.layer = layer
      return
    }
    if (member.kind === 'symlink' && member.link.length > LONGEST_PATH)
      throw refused(`it holds a link with a text of ${member.link.length} characters, and Linux takes ${LONGEST_PATH}`)
    const inode = member.kind === 'hardlink' ? this.#linked(member) : inodeOf(member, member.kind, layer)
    parent.children.set(base, {inode, layer, children: inode.kind === 'directory' ? new Map() : NONE})
  }

  /** Hides what lower layers have; entries of the same layer stay, in whatever order they come. */
  #whiteout(layer: number, parts: readonly string[], base: string): void {
    const hidden = base.slice(WHITEOUT.length)
    if (base !== OPAQUE && hidden.startsWith(WHITEOUT)) return
    if (hidden === '' || hidden === '.' || hidden === '..')
      throw refused(`it holds a whiteout of a folder itself: ${JSON.stringify([...parts, base].join('/').slice(0, 200))}`)
    if (base === OPAQUE) {
      this.#sweep(this.#folderAt(parts, layer, base), layer)
      return
    }
    const parent = this.#find(parts)
    const child = parent?.children.get(hidden)
    if (parent === undefined || child === undefined) return
    this.#sweep(child, layer)
    if (this.#isGone(child, layer)) parent.children.delete(hidden)
  }

  /** Removes what lower layers have below a node, itself left out. */
  #sweep(top: Node, layer: number): void {
    // Parents first, so that from the end children are judged before them.
    const order: {readonly node: Node; readonly parent: Node | undefined; readonly name: string}[] = [
      {node: top, parent: undefined, name: ''},
    ]
    for (let i = 0; i < order.length; i += 1) {
      const node = order[i]?.node
      if (node === undefined || node.swept === layer) continue
      node.swept = layer
      for (const [name, child] of node.children) order.push({node: child, parent: node, name})
    }
    for (const {node, parent, name} of order.reverse()) {
      if (parent !== undefined && this.#isGone(node, layer)) parent.children.delete(name)
    }
  }

  /** Whether nothing of this layer is in a hidden node. A folder of a lower layer stays for what this one put into it. */
  #isGone(node: Node, layer: number): boolean {
    if (node.layer === layer) return false
    if (node.children.size === 0) return true
    node.inode = folderInode(layer)
    node.layer = layer
    return false
  }

  #linked(member: LayerMember): Inode {
    const parts = partsOf(member.link, `${member.name} -> ${member.link}`)
    const base = parts.pop()
    const node = base === undefined ? undefined : this.#find(parts)?.children.get(base)
    if (node === undefined || node.inode.kind === 'directory')
      throw refused(
        `it holds a hard link to what is no file before it: ${JSON.stringify(`${member.name} -> ${member.link}`.slice(0, 200))}`,
      )
    return node.inode
  }

  /** The folder at a path, links followed inside the image as an engine does that unpacks into one tree; made where missing. */
  #folderAt(parts: readonly string[], layer: number, shown: string): Node {
    const found = this.#walk(parts, name => {
      const made = folder(layer)
      this.budget.entry(name)
      return made
    })
    if (found === undefined || found.inode.kind !== 'directory')
      throw refused(`it holds a path below what is no folder: ${JSON.stringify(shown.slice(0, 200))}`)
    return found
  }

  #find(parts: readonly string[]): Node | undefined {
    const found = this.#walk(parts, () => undefined)
    return found?.inode.kind === 'directory' ? found : undefined
  }

  #walk(parts: readonly string[], make: (path: string) => Node | undefined): Node | undefined {
    const above: Node[] = []
    let at = this.#root
    let links = 0
    const rest = [...parts].reverse()
    let path = ''
    for (let part = rest.pop(); part !== undefined; part = rest.pop()) {
      this.budget.step()
      if (part === '..') {
        at = above.pop() ?? this.#root
        continue
      }
      if (at.inode.kind !== 'directory') return undefined
      path += `/${part}`
      let next = at.children.get(part)
      if (next === undefined) {
        next = make(path)
        if (next === undefined) return undefined
        at.children.set(part, next)
      }
      if (next.inode.kind === 'symlink') {
        links += 1
        if (links > MOST_LINKS) throw refused(`it holds a path through too many links: ${JSON.stringify(path.slice(0, 200))}`)
        const target = next.inode.link ?? ''
        if (target.startsWith('/')) {
          above.length = 0
          at = this.#root
        }
        rest.push(...pathParts(target).reverse())
        continue
      }
      above.push(at)
      at = next
    }
    return at
  }

  /** The tree that came out. */
  finish(): Merged {
    const entries: ImageEntry[] = []
    const places = new Map<string, Place>()
    const sparse = new Set<string>()
    const budget = new Budget(this.budget.limits, this.budget.signal)
    const linked = hardLinks()
    const open: {readonly path: string; readonly node: Node}[] = [{path: '/', node: this.#root}]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      const {path, node} = at
      const {inode} = node
      budget.entry(path)
      if (inode.kind === 'file') {
        places.set(path, inode.place)
        if (inode.sparse) sparse.add(path)
      }
      const entry: ImageEntry = {
        path,
        kind: inode.kind,
        mode: inode.mode,
        uid: inode.uid,
        gid: inode.gid,
        size: inode.size,
        ...(inode.link === undefined ? {} : {link: inode.link}),
        ...(inode.capabilities === undefined ? {} : {capabilities: inode.capabilities}),
      }
      if (inode.kind !== 'directory') linked.add(inode, path)
      entries.push(entry)
      for (const [name, child] of node.children) open.push({path: joinPath(path, name), node: child})
    }
    return {entries: linked.mark(entries), places, sparse}
  }
}
