/**
 * Layers come to what the engine makes of them: made-up piles of layers, valid ones, built by Apptainer into a sandbox
 * and read by us as they are. SIFSTAGE_FUZZ_SEED chooses others.
 */
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import fc from 'fast-check'
import {afterAll, expect, it} from 'vitest'
import {openImage} from '../../src/library/open-image.js'
import type {Image} from '../../src/model/image.js'
import {asUser as asIdentity, insideNamespace, lookUpIdentity, ownIdentity} from '../../src/system/identity.js'
import {sandboxImage} from '../../src/system/sandbox-image.js'
import {asUser, user, workFolder} from '../support/engine.js'
import {archive, describeImage, dockerFiles, openOptions, type TestMember, tar} from '../support/images.js'

const work = workFolder()
const signal = new AbortController().signal
const seed = Number(process.env['SIFSTAGE_FUZZ_SEED'] ?? 7)
const PILES = 60
const LAYERS = 3
afterAll(() => work.remove())

type Kind = 'file' | 'directory' | 'symlink' | 'hardlink' | 'whiteout' | 'opaque'
interface Wish {
  readonly kind: Kind
  readonly path: readonly string[]
  readonly target: readonly string[]
}

const names = fc.array(fc.constantFrom('a', 'b', 'c'), {minLength: 1, maxLength: 3})
const wish: fc.Arbitrary<Wish> = fc.record({
  kind: fc.constantFrom<Kind>('file', 'file', 'directory', 'directory', 'symlink', 'hardlink', 'whiteout', 'opaque'),
  path: names,
  target: names,
})
const pile = fc.array(fc.array(wish, {maxLength: 8}), {minLength: LAYERS, maxLength: LAYERS})

/** What of the wishes makes a valid layer over those before: no path below a file, no link to nothing, each name once. */
function layerOf(wishes: readonly Wish[], top: string, tree: Map<string, Kind>, layer: number): TestMember[] {
  const members: TestMember[] = []
  const mine = new Set<string>()
  const at = (path: readonly string[]) => [top, ...path].join('/')
  for (const {kind, path, target} of wishes) {
    const whole = at(path)
    const folders = path.map((_, i) => at(path.slice(0, i)))
    if (mine.has(whole) || folders.some(each => (tree.get(each) ?? 'directory') !== 'directory')) continue
    if ([...mine].some(each => each.startsWith(`${whole}/`))) continue
    if (kind === 'whiteout') {
      if (!tree.has(whole)) continue
      for (const each of [...tree.keys()]) if (each === whole || each.startsWith(`${whole}/`)) tree.delete(each)
      members.push({name: [...folders.slice(-1), `.wh.${path.at(-1)}`].join('/'), text: ''})
    } else if (kind === 'opaque') {
      if (tree.get(whole) !== 'directory') continue
      for (const each of [...tree.keys()]) if (each.startsWith(`${whole}/`)) tree.delete(each)
      members.push({name: whole, type: 'directory', mode: 0o711}, {name: `${whole}/.wh..wh..opq`, text: ''})
    } else {
      if (kind === 'hardlink' && tree.get(at(target)) !== 'file') continue
      if (kind !== 'directory') for (const each of [...tree.keys()]) if (each.startsWith(`${whole}/`)) tree.delete(each)
      for (const each of folders) tree.set(each, 'directory')
      tree.set(whole, kind === 'hardlink' ? 'file' : kind)
      if (kind === 'file') members.push({name: whole, text: `${layer} ${whole}`, mode: 0o640})
      if (kind === 'directory') members.push({name: whole, type: 'directory', mode: 0o750})
      if (kind === 'symlink') members.push({name: whole, type: 'symlink', mode: 0o777, linkname: target.join('/')})
      if (kind === 'hardlink') members.push({name: whole, type: 'link', mode: 0o640, linkname: at(target)})
    }
    mine.add(whole)
  }
  return members
}

async function ours(image: Image): Promise<readonly string[]> {
  // Folders that no layer names have the mode that the engine's umask leaves.
  return (await describeImage(image)).filter(line => line.startsWith('["/pile-')).map(line => line.replace('"775"', '"755"'))
}

it('as Apptainer unpacks them', async () => {
  const layers: TestMember[][] = Array.from({length: LAYERS}, () => [])
  for (const [i, wishes] of fc.sample(pile, {numRuns: PILES, seed}).entries()) {
    const tree = new Map<string, Kind>()
    for (const [layer, each] of wishes.entries()) layers[layer]?.push(...layerOf(each, `pile-${i}`, tree, layer))
  }
  const path = join(work.path, 'piles.tar')
  writeFileSync(path, await archive(dockerFiles(await Promise.all(layers.map(tar)))))
  const sandbox = join(work.path, 'work/sandbox')
  const built = await asUser(['apptainer', 'build', '--fakeroot', '--sandbox', sandbox, `docker-archive:${path}`], '/')
  expect(built.code, built.stderr).toBe(0)
  const identity = user === undefined ? ownIdentity() : lookUpIdentity(user)
  const inside = [...asIdentity(identity), ...insideNamespace('subuid')]
  const theirs = await sandboxImage(sandbox, {
    shown: sandbox,
    inside,
    env: {PATH: '/usr/bin:/bin', LC_ALL: 'C'},
    signal,
    onlyInside: true,
  })
  const read = await openImage(path, openOptions(join(work.path, 'store')))
  const expected = await ours(theirs)
  expect(expected.length).toBeGreaterThan(PILES)
  expect(await ours(read)).toEqual(expected)
})
