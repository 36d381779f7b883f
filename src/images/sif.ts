/**
 * SIF files: their header and descriptors, read and written (rules D130–D132; upstream github.com/sylabs/sif pkg/sif).
 * Little-endian, packed. We write them ourselves so that an image can be assembled from a stored squashfs without
 * an engine, in one pass over the data.
 */
import {randomBytes} from 'node:crypto'
import {createReadStream} from 'node:fs'
import {type FileHandle, open, stat} from 'node:fs/promises'

const HEADER_BYTES = 128
const DESCRIPTOR_BYTES = 585
const DESCRIPTORS_AT = 4096
const DESCRIPTORS_TOTAL = 48
const DATA_AT = DESCRIPTORS_AT + DESCRIPTORS_TOTAL * DESCRIPTOR_BYTES
/** A partition starts on a page, so that the kernel can map it. */
const PARTITION_ALIGNMENT = 4096
const LAUNCH = '#!/usr/bin/env run-singularity\n'

const TYPE: Readonly<Record<'definition' | 'partition' | 'json', number>> = {definition: 0x4001, partition: 0x4004, json: 0x4006}
/** Partition extras: file system 1 is squashfs, 5 and 6 are encrypted; type 2 is the primary system, 4 an overlay. */
const SQUASHFS = 1
const PRIMARY = 2
const OVERLAY = 4

/** Go's architecture words to SIF's two digits. */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  '386': '01',
  amd64: '02',
  arm: '03',
  arm64: '04',
  ppc64le: '06',
  s390x: '11',
  riscv64: '12',
  loong64: '13',
}

export interface SifDescriptor {
  readonly type: number
  readonly id: number
  readonly offset: number
  readonly size: number
  readonly name: string
  /** Of a partition. */
  readonly fileSystem: number
  readonly partition: number
}

export interface SifImage {
  readonly descriptors: readonly SifDescriptor[]
  readonly architecture: string | undefined
}

/** Why a file that says it is a SIF cannot be used. */
export class SifError extends Error {}

async function readAt(handle: FileHandle, offset: number, bytes: number): Promise<Buffer> {
  const buffer = Buffer.alloc(bytes)
  const {bytesRead} = await handle.read(buffer, 0, bytes, offset)
  if (bytesRead < bytes) throw new SifError('the file ends too early')
  return buffer
}

/** Whether a file starts as a SIF does. */
export function isSif(start: Buffer): boolean {
  return start.subarray(32, 41).toString('latin1') === 'SIF_MAGIC'
}

/**
 * The objects of a SIF file. Sizes and places are checked against the file, since they come from outside.
 * @throws SifError
 */
export async function readSif(path: string): Promise<SifImage> {
  const handle = await open(path, 'r')
  try {
    const {size: fileBytes} = await handle.stat()
    const header = await readAt(handle, 0, HEADER_BYTES)
    if (!isSif(header)) throw new SifError('it is not a SIF file')
    const total = Number(header.readBigInt64LE(88))
    const at = Number(header.readBigInt64LE(96))
    if (total < 0 || total > 4096 || at < HEADER_BYTES || at + total * DESCRIPTOR_BYTES > fileBytes)
      throw new SifError('its table of objects is damaged')
    const table = await readAt(handle, at, total * DESCRIPTOR_BYTES)
    const descriptors: SifDescriptor[] = []
    for (let i = 0; i < total; i += 1) {
      const row = table.subarray(i * DESCRIPTOR_BYTES, (i + 1) * DESCRIPTOR_BYTES)
      if (row.readUInt8(4) === 0) continue
      const offset = Number(row.readBigInt64LE(17))
      const size = Number(row.readBigInt64LE(25))
      if (offset < 0 || size < 0 || offset + size > fileBytes)
        throw new SifError('an object lies outside the file: it is cut short or damaged')
      descriptors.push({
        type: row.readInt32LE(0),
        id: row.readUInt32LE(5),
        offset,
        size,
        name: row.subarray(73, 201).toString('utf8').replace(/\0.*$/s, ''),
        fileSystem: row.readInt32LE(201),
        partition: row.readInt32LE(205),
      })
    }
    const digits = header.subarray(45, 47).toString('latin1')
    return {descriptors, architecture: Object.keys(ARCHITECTURES).find(name => ARCHITECTURES[name] === digits)}
  } finally {
    await handle.close()
  }
}

/**
 * The squashfs that holds the root file system.
 * @throws SifError naming what is there instead
 */
export function primaryPartition(image: SifImage): SifDescriptor {
  const partitions = image.descriptors.filter(each => each.type === TYPE.partition)
  if (partitions.some(each => each.partition === OVERLAY))
    throw new SifError(
      'it has an overlay partition, which hides files of its squashfs: such an image cannot be judged by its squashfs',
    )
  const primary = partitions.find(each => each.partition === PRIMARY)
  if (primary === undefined) {
    const oci = image.descriptors.some(each => each.type === 0x400a || each.type === 0x400b)
    throw new SifError(oci ? 'it is an OCI-SIF (SingularityCE --oci), which has no root partition' : 'it has no root partition')
  }
  if (primary.fileSystem !== SQUASHFS)
    throw new SifError(
      primary.fileSystem === 5 || primary.fileSystem === 6
        ? 'its root partition is encrypted'
        : 'its root partition is not a squashfs',
    )
  return primary
}

/** The text of a small object (a JSON), else undefined. */
export async function readObject(path: string, image: SifImage, name: string): Promise<string | undefined> {
  const found = image.descriptors.find(each => each.name === name && each.size < 16 << 20)
  if (found === undefined) return undefined
  const handle = await open(path, 'r')
  try {
    return (await readAt(handle, found.offset, found.size)).toString('utf8')
  } finally {
    await handle.close()
  }
}

export interface SifContent {
  /** The definition's text. */
  readonly definition: string
  /** JSON objects in order, by the name that Apptainer gives them. */
  readonly json: readonly {readonly name: string; readonly text: string}[]
  /** The squashfs file with the root file system. */
  readonly squashfs: string
  /** In Go's words. */
  readonly architecture: string
  /** Unix seconds. */
  readonly created: number
}

/** One descriptor's row (D131). */
function encodeDescriptor(each: {
  type: number
  id: number
  offset: number
  size: number
  padded: number
  created: number
  name: string
  architecture?: string
}): Buffer {
  const row = Buffer.alloc(DESCRIPTOR_BYTES)
  row.writeInt32LE(each.type, 0)
  row.writeUInt8(1, 4)
  row.writeUInt32LE(each.id, 5)
  // Group 1, with the mask that tells it from an object's number.
  row.writeUInt32LE((0xf0000000 | 1) >>> 0, 9)
  row.writeUInt32LE(0, 13)
  row.writeBigInt64LE(BigInt(each.offset), 17)
  row.writeBigInt64LE(BigInt(each.size), 25)
  row.writeBigInt64LE(BigInt(each.padded), 33)
  row.writeBigInt64LE(BigInt(each.created), 41)
  row.writeBigInt64LE(BigInt(each.created), 49)
  row.write(each.name.slice(0, 127), 73, 'utf8')
  if (each.architecture !== undefined) {
    row.writeInt32LE(SQUASHFS, 201)
    row.writeInt32LE(PRIMARY, 205)
    row.write(each.architecture, 209, 'latin1')
  }
  return row
}

/** A random UUID, version 4 (RFC 9562). */
function uuid(): Buffer {
  const bytes = randomBytes(16)
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x40, 6)
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8)
  return bytes
}

/**
 * Writes a SIF file as Apptainer lays it out: definition, JSON objects, squashfs on a page boundary.
 * The file must not exist; it is executable, as Apptainer makes it. Gives back where the squashfs starts.
 */
export async function writeSif(path: string, content: SifContent): Promise<{readonly offset: number}> {
  const architecture = ARCHITECTURES[content.architecture]
  if (architecture === undefined) throw new SifError(`SIF has no number for the architecture ${content.architecture}`)
  const squashfsBytes = (await stat(content.squashfs)).size
  const small = [
    {type: TYPE.definition, name: '', data: Buffer.from(content.definition)},
    ...content.json.map(each => ({type: TYPE.json, name: each.name, data: Buffer.from(each.text)})),
  ]
  const rows: Buffer[] = []
  let at = DATA_AT
  for (const each of small) {
    rows.push(
      encodeDescriptor({
        type: each.type,
        id: rows.length + 1,
        offset: at,
        size: each.data.length,
        padded: each.data.length,
        created: content.created,
        name: each.name,
      }),
    )
    at += each.data.length
  }
  const offset = Math.ceil(at / PARTITION_ALIGNMENT) * PARTITION_ALIGNMENT
  const padded = squashfsBytes + (offset - at)
  rows.push(
    encodeDescriptor({
      type: TYPE.partition,
      id: rows.length + 1,
      offset,
      size: squashfsBytes,
      padded,
      created: content.created,
      name: '',
      architecture,
    }),
  )

  const header = Buffer.alloc(HEADER_BYTES)
  header.write(LAUNCH, 0, 'latin1')
  header.write('SIF_MAGIC\0', 32, 'latin1')
  header.write('01\0', 42, 'latin1')
  header.write(`${architecture}\0`, 45, 'latin1')
  uuid().copy(header, 48)
  header.writeBigInt64LE(BigInt(content.created), 64)
  header.writeBigInt64LE(BigInt(content.created), 72)
  header.writeBigInt64LE(BigInt(DESCRIPTORS_TOTAL - rows.length), 80)
  header.writeBigInt64LE(BigInt(DESCRIPTORS_TOTAL), 88)
  header.writeBigInt64LE(BigInt(DESCRIPTORS_AT), 96)
  header.writeBigInt64LE(BigInt(DESCRIPTORS_TOTAL * DESCRIPTOR_BYTES), 104)
  header.writeBigInt64LE(BigInt(DATA_AT), 112)
  header.writeBigInt64LE(BigInt(offset + squashfsBytes - DATA_AT), 120)

  const handle = await open(path, 'wx', 0o755)
  try {
    await handle.write(header, 0, header.length, 0)
    const table = Buffer.concat(rows)
    await handle.write(table, 0, table.length, DESCRIPTORS_AT)
    let place = DATA_AT
    for (const each of small) {
      await handle.write(each.data, 0, each.data.length, place)
      place += each.data.length
    }
    place = offset
    for await (const chunk of createReadStream(content.squashfs, {highWaterMark: 1 << 20})) {
      const buffer: Buffer = chunk
      await handle.write(buffer, 0, buffer.length, place)
      place += buffer.length
    }
    await handle.sync()
  } finally {
    await handle.close()
  }
  return {offset}
}
