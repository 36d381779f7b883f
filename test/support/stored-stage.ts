/** Stages for tests of stores: real listings with their real digests; the image is any bytes. */
import {mkdirSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {treeDigest} from '../../src/images/digest.js'
import {Listing} from '../../src/images/listing.js'
import type {StageRecord} from '../../src/model/record.js'
import type {Store, StoredStage} from '../../src/model/store.js'
import {hashText} from '../../src/system/files.js'

export const keyOf = (name: string) => hashText(name)

function stageTree(name: string): Listing {
  return new Listing([
    {path: '/bin', kind: 'directory', mode: 0o755, uid: 0, gid: 0, size: 0},
    {path: `/bin/${name}`, kind: 'file', mode: 0o755, uid: 0, gid: 0, size: 3, digest: hashText(name)},
    {path: '/name\nwith a line', kind: 'symlink', mode: 0o777, uid: 0, gid: 0, size: 0, link: 'bin/tool'},
  ])
}

/** Puts a stage into a store as a build does. */
export async function putStage(
  store: Store,
  name: string,
  image: Buffer,
  changed: Partial<StageRecord> = {},
): Promise<StoredStage> {
  const parts = join(store.folder, 'parts')
  mkdirSync(parts, {recursive: true})
  const files = {image: join(parts, 'image'), listing: join(parts, 'listing')}
  writeFileSync(files.image, image)
  const tree = stageTree(name)
  const listing = await store.writeListing(files.listing, tree)
  const record: StageRecord = {
    version: 2,
    key: keyOf(name),
    parts: [{name: 'engine', value: 'apptainer'}],
    stage: name,
    digest: treeDigest(tree),
    image: {file: 'image.sqfs', offset: 0, bytes: image.length, digest: hashText(image)},
    listing: {file: 'listing.jsonl', digest: listing},
    engine: {name: 'apptainer', version: '1.4.5'},
    treeBytes: 0,
    seconds: 1,
    created: '2026-01-01T00:00:00.000Z',
    ...changed,
  }
  return store.put(record.key, files, record)
}
