/** An image with what is odd about images: three layers, and by hand the tree that they come to. */
import type {TestMember} from './images.js'

const long = 'n'.repeat(200)

const folder = (name: string, more: Partial<TestMember> = {}): TestMember => ({name, type: 'directory', mode: 0o755, ...more})
const file = (name: string, text: string, more: Partial<TestMember> = {}): TestMember => ({name, text, ...more})
const symlink = (name: string, linkname: string): TestMember => ({name, type: 'symlink', mode: 0o777, linkname})
/** With the mode of its target: docker and podman set it on the file, GNU tar does not. */
const hardlink = (name: string, linkname: string, mode: number): TestMember => ({name, type: 'link', linkname, mode})

/** Names that are hard to print, to quote and to tell from patterns. */
const oddNames: readonly TestMember[] = [
  folder('odd', {mode: 0o1777}),
  file('odd/with\nline end', '1'),
  file('odd/back\\slash', '2'),
  file('odd/st*r', '3'),
  file('odd/star', '33'),
  file('odd/[x]{y}(z)!@+?', '4'),
  file('odd/ünï', '5'),
  file('odd/-dash', '6'),
  file('odd/ blank ', '7'),
  file('odd/carriage\rreturn', '8'),
  symlink('odd/link -> x', 'y -> z'),
  file(`odd/${long}`, long),
]

/** Lowest first. */
export const oddLayers: readonly (readonly TestMember[])[] = [
  [
    folder('./'),
    folder('./usr/'),
    folder('./usr/bin/'),
    file('./usr/bin/tool', '#!/bin/sh\n', {mode: 0o755}),
    file('./usr/bin/su', 'root', {mode: 0o4755}),
    hardlink('./usr/bin/tool2', './usr/bin/tool', 0o755),
    folder('./usr/lib/'),
    file('./usr/lib/libx.so.1.2', 'x'.repeat(70_000)),
    symlink('./usr/lib/libx.so.1', 'libx.so.1.2'),
    symlink('./lib', 'usr/lib'),
    symlink('./outside', '../../etc/passwd'),
    folder('./gone/'),
    file('./gone/a', 'a'),
    folder('./emptied/', {mode: 0o2775, gid: 50}),
    file('./emptied/old', 'old'),
    folder('./emptied/below/'),
    file('./emptied/below/old', 'old'),
    folder('./becomes-file/'),
    file('./becomes-file/x', 'x'),
    file('./becomes-folder', 'x'),
    file('./replaced', 'first'),
    file('./foreign', 'owned', {uid: 1234, gid: 4321, mode: 0o640}),
    {name: './fifo', type: 'fifo', mode: 0o600},
  ],
  [
    // Through the link of the layer below, as an engine does that unpacks into one tree.
    file('lib/liby.so', 'y'),
    file('.wh.gone', ''),
    file('emptied/new', 'new'),
    file('emptied/.wh..wh..opq', ''),
    file('becomes-file', 'file now'),
    folder('becomes-folder'),
    file('becomes-folder/inside', 'in'),
    file('/absolute', 'inside the root'),
    file('a/../b', 'cleaned'),
    file('twice', 'first'),
    file('twice', 'second'),
    file('empty', ''),
    ...oddNames,
  ],
  [
    hardlink('replaced-by-link', 'usr/bin/su', 0o4755),
    file('replaced', 'third, and longer'),
    file('.wh.never-there', ''),
    file('usr/lib/.wh.libx.so.1', ''),
    symlink('usr/lib/libx.so', 'libx.so.1.2'),
  ],
]

/** What they come to, in one layer. */
export const oddMerged: readonly TestMember[] = [
  folder('./'),
  file('absolute', 'inside the root'),
  file('b', 'cleaned'),
  file('becomes-file', 'file now'),
  folder('becomes-folder'),
  file('becomes-folder/inside', 'in'),
  folder('emptied', {mode: 0o2775, gid: 50}),
  file('emptied/new', 'new'),
  file('empty', ''),
  {name: 'fifo', type: 'fifo', mode: 0o600},
  file('foreign', 'owned', {uid: 1234, gid: 4321, mode: 0o640}),
  symlink('lib', 'usr/lib'),
  ...oddNames,
  symlink('outside', '../../etc/passwd'),
  file('replaced', 'third, and longer'),
  file('twice', 'second'),
  folder('usr'),
  folder('usr/bin'),
  file('usr/bin/su', 'root', {mode: 0o4755}),
  hardlink('replaced-by-link', 'usr/bin/su', 0o4755),
  file('usr/bin/tool', '#!/bin/sh\n', {mode: 0o755}),
  hardlink('usr/bin/tool2', 'usr/bin/tool', 0o755),
  folder('usr/lib'),
  file('usr/lib/libx.so.1.2', 'x'.repeat(70_000)),
  symlink('usr/lib/libx.so', 'libx.so.1.2'),
  file('usr/lib/liby.so', 'y'),
]
