/**
 * Stage by stage gives what `apptainer build` gives of the whole file: files, modes, owners, links, environment,
 * labels, run script, stored definition. Left aside: the build's date, the UUID and times.
 */
import {readFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {readObject, readSif} from '../../src/images/sif.js'
import {everyday} from '../support/cases.js'
import {asUser, listImage, registry, sifstage, workFolder} from '../support/engine.js'

const work = workFolder()
const files = join(import.meta.dirname, 'definitions')

/** Feature → definition file; `ARGS` are build arguments of both programs. */
const cases: readonly {readonly name: string; readonly args?: readonly string[]}[] = [
  {name: 'two-stages'},
  {name: 'three-stages'},
  {name: 'directories'},
  {name: 'globs-and-links'},
  {name: 'modes-and-owners'},
  {name: 'build-arguments', args: ['--build-arg', 'NAME=given', '--build-arg', 'DIR=/opt/given']},
  {name: 'sections'},
  {name: 'host-files'},
  {name: 'setup-and-environment-files'},
  {name: 'scratch-stage'},
  {name: 'apps'},
  {name: 'merged-sections'},
  {name: 'unreferenced-order'},
  {name: 'singularity-folder'},
]

const BUILD_DATE = /(Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday)_[^"\\]+/g

/** The image's own account of itself, without the date. */
async function metadata(sif: string): Promise<unknown> {
  const text = await readObject(sif, await readSif(sif), 'inspect-metadata.json')
  return JSON.parse((text ?? 'null').replaceAll(BUILD_DATE, 'DATE'))
}

async function read(sif: string, path: string): Promise<string> {
  const ran = await asUser(['apptainer', 'exec', sif, 'cat', path], '/')
  expect(ran.code, ran.stderr).toBe(0)
  return ran.stdout.replaceAll(BUILD_DATE, 'DATE')
}

beforeAll(() => {
  work.write({
    'context/hello.c': '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n',
    'context/data/a.txt': 'a\n',
    'context/data/sub/b.txt': 'b\n',
    'context/data/.hidden': 'hidden\n',
    'context/name with blank': 'blank\n',
  })
})
afterAll(() => work.remove())

describe('stage by stage equals one build of the whole file', () => {
  it.each(everyday(cases, 6))('$name', {timeout: 180_000}, async ({name, args = []}) => {
    const text = readFileSync(join(files, `${name}.def`), 'utf8').replaceAll('REGISTRY', registry)
    work.write({[`context/${name}.def`]: text})
    const cwd = join(work.path, 'context')
    const out = join(work.path, 'work')
    const whole = await asUser(
      [
        'apptainer',
        'build',
        '--mksquashfs-args',
        '-comp zstd -Xcompression-level 1',
        ...args,
        join(out, `${name}-whole.sif`),
        `${name}.def`,
      ],
      cwd,
    )
    expect(whole.code, whole.stderr).toBe(0)
    const staged = await sifstage(
      [
        'build',
        `${name}.def`,
        ...args,
        '-o',
        join(out, `${name}.sif`),
        '--cache-dir',
        join(out, 'store'),
        '--mksquashfs-args',
        '-comp zstd -Xcompression-level 1',
      ],
      {cwd},
    )
    expect(staged.code, staged.stderr).toBe(0)

    const wanted = await listImage(join(out, `${name}-whole.sif`))
    const got = await listImage(join(out, `${name}.sif`))
    // Labels hold the date, so they are compared as text without it; so do the environment's and the definition's copies.
    for (const list of [wanted, got]) list.delete('/.singularity.d/labels.json')
    expect(Object.fromEntries(got)).toEqual(Object.fromEntries(wanted))
    expect(await metadata(join(out, `${name}.sif`))).toEqual(await metadata(join(out, `${name}-whole.sif`)))
    const objects = async (sif: string) =>
      (await readSif(sif)).descriptors.map(each => [each.type, each.id, each.name, each.fileSystem, each.partition])
    expect(await objects(join(out, `${name}.sif`))).toEqual(await objects(join(out, `${name}-whole.sif`)))
    const config = async (sif: string) => JSON.parse((await readObject(sif, await readSif(sif), 'oci-config.json')) ?? 'null')
    expect(await config(join(out, `${name}.sif`))).toEqual(await config(join(out, `${name}-whole.sif`)))
    if (wanted.has('/bin/cat') || wanted.has('/usr/bin/cat')) {
      expect(await read(join(out, `${name}.sif`), '/.singularity.d/labels.json')).toBe(
        await read(join(out, `${name}-whole.sif`), '/.singularity.d/labels.json'),
      )
      expect(await read(join(out, `${name}.sif`), '/.singularity.d/Singularity')).toBe(
        await read(join(out, `${name}-whole.sif`), '/.singularity.d/Singularity'),
      )
    }
  })
})
