/** Records that come from another machine: JSON that anybody may have written, held before anything goes by it. */
import {createReadStream} from 'node:fs'
import {createInterface} from 'node:readline'
import {treeDigest} from '../images/digest.js'
import {Listing} from '../images/listing.js'
import {isDigest, isRecord} from '../images/manifest.js'
import type {EntryKind, ImageEntry} from '../model/image.js'
import type {KeyPart, StageRecord} from '../model/record.js'
import type {Entry, FACTS} from './entry-manifest.js'
import {TEXTS} from './image-facts.js'

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

function isSha256(value: unknown): value is string {
  return isText(value) && value.startsWith('sha256:') && isDigest(value)
}

function isPart(value: unknown): value is KeyPart {
  return isRecord(value) && isText(value['name']) && isText(value['value'])
}

/**
 * The record of a stage, if it is one of this key and tells the files of its entry as they are; only the fields that a
 * record has are taken.
 */
export function foreignStageRecord(text: string, {key, files}: Entry): StageRecord | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (!isRecord(value) || value['version'] !== 2 || value['key'] !== key) return undefined
  const {parts, stage, digest, image, listing, engine, treeBytes, seconds, created, ociConfig, inspect} = value
  if (!Array.isArray(parts) || !parts.every(isPart) || !isText(stage) || !isSha256(digest)) return undefined
  if (!isRecord(image) || !isRecord(listing) || !isRecord(engine)) return undefined
  const file = (name: string) => files.find(each => each.name === name)
  const [packed, listed] = [file('image.sqfs'), file('listing.jsonl')]
  if (image['file'] !== packed?.name || image['digest'] !== packed?.digest || image['bytes'] !== packed?.size) return undefined
  if (packed === undefined || !isCount(image['offset']) || image['offset'] >= packed.size) return undefined
  if (listed === undefined || listing['file'] !== listed.name || listing['digest'] !== listed.digest) return undefined
  const {name, version} = engine
  if (!isText(name) || !isText(version)) return undefined
  if (!isCount(treeBytes)) return undefined
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) return undefined
  if (!isText(created) || Number.isNaN(Date.parse(created))) return undefined
  if ((ociConfig !== undefined && !isText(ociConfig)) || (inspect !== undefined && !isText(inspect))) return undefined
  // All that a record has, so that a field that is new there is not forgotten here.
  const taken: {readonly [Field in keyof Required<StageRecord>]: StageRecord[Field] | undefined} = {
    version: 2,
    key,
    parts: parts.map(each => ({name: each.name, value: each.value})),
    stage,
    digest,
    image: {file: packed.name, offset: image['offset'], bytes: packed.size, digest: packed.digest},
    listing: {file: listed.name, digest: listed.digest},
    engine: {name, version},
    treeBytes,
    seconds,
    created,
    ociConfig,
    inspect,
  }
  // Without those that it has not.
  const record: StageRecord = JSON.parse(JSON.stringify(taken))
  return record
}

const KINDS: readonly unknown[] = ['file', 'directory', 'symlink', 'fifo', 'socket', 'device'] satisfies readonly EntryKind[]

/** Absolute, and no part of it leads elsewhere. */
function isClean(path: string): boolean {
  if (path === '/') return true
  const [first, ...parts] = path.split('/')
  return first === '' && parts.length > 0 && parts.every(part => part !== '' && part !== '.' && part !== '..')
}

function isEntry(value: unknown): value is ImageEntry {
  if (!isRecord(value)) return false
  const {path, kind, mode, uid, gid, size} = value
  if (!isText(path) || !isClean(path)) return false
  if (!KINDS.includes(kind) || ![mode, uid, gid, size].every(isCount)) return false
  return ['link', 'digest', 'capabilities', 'sameAs'].every(name => value[name] === undefined || isText(value[name]))
}

/** The digest of the tree that a listing tells; undefined when it is no listing. */
export async function foreignTreeDigest(file: string): Promise<string | undefined> {
  const entries: ImageEntry[] = []
  try {
    for await (const line of createInterface({input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY})) {
      if (line === '') continue
      const entry: unknown = JSON.parse(line)
      if (!isEntry(entry)) return undefined
      entries.push(entry)
    }
    return treeDigest(new Listing(entries))
  } catch {
    return undefined
  }
}

/** Whether a text holds facts of a stage's files, by the digest of what they were read from (image-facts.ts). */
export function isForeignFacts(name: (typeof FACTS)[number], text: string): boolean {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return false
  }
  const isTexts = (list: unknown) => list === undefined || (Array.isArray(list) && list.every(isText))
  const isFact = (fact: unknown) => {
    const [digest, program]: readonly unknown[] = Array.isArray(fact) && fact.length === 2 ? fact : []
    if (!isSha256(digest)) return false
    // Such a text is held against its digest whenever it is read.
    if (name === TEXTS) return isText(program)
    if (!isRecord(program)) return false
    switch (program['kind']) {
      case 'elf': {
        const {architecture, type, needed, rpath, runpath, wants, gives} = program
        if (!isText(architecture) || !isText(type) || needed === undefined || gives === undefined) return false
        if (![needed, rpath, runpath, gives].every(isTexts) || !Array.isArray(wants)) return false
        return wants.every(each => isRecord(each) && isText(each['library']) && isText(each['version']))
      }
      case 'script':
        return isText(program['interpreter']) && isText(program['argument'])
      case 'damaged':
        return isText(program['why'])
      default:
        return program['kind'] === 'other'
    }
  }
  return isRecord(value) && Array.isArray(value['facts']) && value['facts'].every(isFact)
}
