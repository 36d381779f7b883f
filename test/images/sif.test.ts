/** SIF files that we write are read back by us and by Apptainer; damaged ones are refused with a reason. */
import {mkdirSync, readFileSync, statSync, truncateSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {isSif, primaryPartition, readObject, readSif, SifError, writeSif} from '../../src/images/sif.js'
import {asUser, workFolder} from '../support/engine.js'

const work = workFolder()
const squashfs = join(work.path, 'root.squashfs')
const good = join(work.path, 'good.sif')
const definition = 'Bootstrap: scratch\n\n%labels\n    made.by hand\n'
const metadata = '{"data":{"attributes":{"labels":{"made.by":"hand"}}},"type":"container"}'
const created = 1_700_000_000
let offset = 0

/** A copy of the good image with some bytes replaced. */
function damaged(name: string, change: (bytes: Buffer) => void): string {
  const bytes = readFileSync(good)
  change(bytes)
  const path = join(work.path, name)
  writeFileSync(path, bytes)
  return path
}

beforeAll(async () => {
  mkdirSync(join(work.path, 'root/.singularity.d'), {recursive: true})
  writeFileSync(join(work.path, 'root/.singularity.d/labels.json'), '{"made.by": "hand"}\n')
  writeFileSync(join(work.path, 'root/.singularity.d/Singularity'), definition)
  writeFileSync(join(work.path, 'root/file'), 'content\n')
  await execa('mksquashfs', [join(work.path, 'root'), squashfs, '-quiet', '-no-progress', '-all-root'])
  offset = (
    await writeSif(good, {
      definition,
      json: [
        {name: 'oci-config.json', text: '{"architecture":"amd64"}'},
        {name: 'inspect-metadata.json', text: metadata},
      ],
      squashfs,
      architecture: 'amd64',
      created,
    })
  ).offset
})
afterAll(() => work.remove())

describe('a written image', () => {
  it('is read back as it was written', async () => {
    const image = await readSif(good)
    expect(image.architecture).toBe('amd64')
    expect(image.descriptors.map(each => [each.id, each.type, each.name])).toEqual([
      [1, 0x4001, ''],
      [2, 0x4006, 'oci-config.json'],
      [3, 0x4006, 'inspect-metadata.json'],
      [4, 0x4004, ''],
    ])
    const [first] = image.descriptors
    expect(
      readFileSync(good)
        .subarray(first?.offset, (first?.offset ?? 0) + (first?.size ?? 0))
        .toString(),
    ).toBe(definition)
    expect(await readObject(good, image, 'inspect-metadata.json')).toBe(metadata)
    expect(await readObject(good, image, 'other.json')).toBeUndefined()
  })

  it('holds the squashfs byte for byte, on a page of its own', async () => {
    const primary = primaryPartition(await readSif(good))
    expect(primary.offset).toBe(offset)
    expect(offset % 4096).toBe(0)
    expect(
      readFileSync(good)
        .subarray(offset, offset + primary.size)
        .equals(readFileSync(squashfs)),
    ).toBe(true)
    expect(statSync(good).size).toBe(offset + statSync(squashfs).size)
  })

  it('is executable and starts with the launch line', () => {
    expect(statSync(good).mode & 0o111).not.toBe(0)
    expect(readFileSync(good).subarray(0, 31).toString()).toBe('#!/usr/bin/env run-singularity\n')
    expect(isSif(readFileSync(good))).toBe(true)
  })

  it('is listed by apptainer with our sizes', async () => {
    const ran = await asUser(['apptainer', 'sif', 'list', good], '/')
    expect(ran.code, ran.stderr).toBe(0)
    expect(ran.stdout).toMatch(/^1 .*Def\.FILE/m)
    expect(ran.stdout).toMatch(/^3 .*JSON\.Generic/m)
    expect(ran.stdout).toMatch(new RegExp(`^4 .*\\|${offset}-${statSync(good).size} +\\|FS \\(Squashfs/\\*System/amd64\\)`, 'm'))
  })

  it('is inspected by apptainer', async () => {
    const labels = await asUser(['apptainer', 'inspect', '--labels', good], '/')
    expect(labels.code, labels.stderr).toBe(0)
    expect(labels.stdout).toContain('made.by: hand')
    const text = await asUser(['apptainer', 'sif', 'dump', '1', good], '/')
    expect(text.stdout).toBe(definition)
  })

  it('is never written over another file', async () => {
    await expect(writeSif(good, {definition, json: [], squashfs, architecture: 'amd64', created})).rejects.toThrow(/EEXIST/)
  })

  it('needs an architecture that SIF has a number for', async () => {
    const path = join(work.path, 'other.sif')
    await expect(writeSif(path, {definition, json: [], squashfs, architecture: 'pdp11', created})).rejects.toThrow(SifError)
  })
})

describe('a damaged image', () => {
  const refused = async (path: string, why: RegExp) => {
    const error = await readSif(path).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(error).toBeInstanceOf(SifError)
    expect(String(error)).toMatch(why)
  }

  it.each([
    ['empty', 0],
    ['inside the header', 100],
  ])('cut short: %s', async (name, bytes) => {
    const path = damaged(`cut-${name}.sif`, () => {})
    truncateSync(path, bytes)
    await refused(path, /ends too early/)
  })

  it('cut short inside the table of objects', async () => {
    const path = damaged('cut-table.sif', () => {})
    truncateSync(path, 5000)
    await refused(path, /table of objects is damaged/)
  })

  it('cut short inside the squashfs, by one byte', async () => {
    const path = damaged('cut-data.sif', () => {})
    truncateSync(path, statSync(good).size - 1)
    await refused(path, /lies outside the file/)
  })

  it('without its magic word', async () => {
    await refused(
      damaged('magic.sif', bytes => bytes.write('SIF_TRAGIC', 32)),
      /not a SIF file/,
    )
  })

  it.each([
    ['a table with a negative count', 88, -1n],
    ['a table with a huge count', 88, 1n << 60n],
    ['a table inside the header', 96, 4n],
    ['a table behind the end', 96, 1n << 50n],
  ])('%s', async (name, at, value) => {
    await refused(
      damaged(`${name}.sif`, bytes => void bytes.writeBigInt64LE(value, at)),
      /table of objects is damaged/,
    )
  })

  it.each([
    ['an object at a negative offset', 17, -4096n],
    ['an object of a negative size', 25, -1n],
    ['an object larger than the file', 25, 1n << 40n],
  ])('%s', async (name, at, value) => {
    await refused(
      damaged(`${name}.sif`, bytes => void bytes.writeBigInt64LE(value, 4096 + at)),
      /lies outside the file/,
    )
  })

  it('without a root partition is read, but gives no squashfs', async () => {
    // The fourth descriptor's "used" byte.
    const image = await readSif(damaged('rootless.sif', bytes => void bytes.writeUInt8(0, 4096 + 3 * 585 + 4)))
    expect(image.descriptors).toHaveLength(3)
    expect(() => primaryPartition(image)).toThrow(SifError)
  })

  it('with an encrypted root partition says so', async () => {
    const image = await readSif(damaged('encrypted.sif', bytes => void bytes.writeInt32LE(5, 4096 + 3 * 585 + 201)))
    expect(() => primaryPartition(image)).toThrow(/encrypted/)
  })
})
