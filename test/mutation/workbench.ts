/** A case that was really built, with its stage images and base opened, to be judged whole and broken. */
import {join} from 'node:path'
import {Destinations, type KnownImages} from '../../src/build/destinations.js'
import {verifyArtifacts} from '../../src/build/verify.js'
import {chainOf} from '../../src/language/stages.js'
import {imageOpener} from '../../src/library/image-opener.js'
import {loadInput} from '../../src/library/input.js'
import {openImage} from '../../src/library/open-image.js'
import type {Description, Stage} from '../../src/model/description.js'
import type {Diagnostic} from '../../src/model/diagnostic.js'
import type {Image} from '../../src/model/image.js'
import {type Artifact, artifactsOf, neededStages, resolveTarget} from '../../src/plan/graph.js'
import {baseResolver} from '../../src/system/bases.js'
import {sifstage} from '../support/engine.js'
import {openOptions} from '../support/images.js'

export interface Built {
  readonly name: string
  readonly description: Description
  readonly target: Stage
  readonly images: ReadonlyMap<number, Image>
  readonly base: Image | undefined
  readonly artifacts: ReadonlyMap<number, readonly Artifact[]>
}

const signal = new AbortController().signal

/** Packed with less care: what is judged are the trees. */
const quick = ['--mksquashfs-args', '-comp zstd -Xcompression-level 1']

interface BuildDocument {
  readonly status: string
  readonly stages: readonly {readonly name: string; readonly key?: string}[]
  readonly diagnostics: readonly {readonly rule: string; readonly severity: string; readonly message: string}[]
}

/** Builds a case by the command line, and opens what came of it. */
export async function build(
  name: string,
  file: string,
  cwd: string,
  store: string,
  flags: readonly string[],
): Promise<{readonly document: BuildDocument; readonly built: Built | undefined; readonly stderr: string}> {
  const ran = await sifstage(
    ['build', file, '--json', '-o', join(store, 'out.sif'), '--cache-dir', store, '--no-https', ...quick, ...flags],
    {cwd},
  )
  const document: BuildDocument = JSON.parse(ran.stdout)
  const before = process.cwd()
  process.chdir(cwd)
  try {
    const bases = flags.flatMap((flag, i) => (flags[i - 1] === '--base' ? [flag] : []))
    const args = flags.flatMap((flag, i) => (flags[i - 1] === '--build-arg' ? [flag] : []))
    const loaded = await loadInput(file, {json: false, base: bases, 'build-arg': args}, 'build')
    const {description} = loaded
    const target = description === undefined ? undefined : resolveTarget(description, undefined)
    if (description === undefined || target?.kind !== 'found') return {document, built: undefined, stderr: ran.stderr}
    const options = openOptions(store, {signal, noHttps: true})
    const images = new Map<number, Image>()
    for (const stage of description.stages) {
      const key = document.stages.find(each => each.name === stage.name)?.key
      if (key !== undefined)
        images.set(stage.index, await openImage(join(store, 'stages', key.replace('sha256:', ''), 'image.sqfs'), options))
    }
    const [lowest = target.stage] = chainOf(description, target.stage)
    const resolved = await baseResolver({...options, folder: store}).resolve(lowest.base, cwd, signal)
    const base = await imageOpener(options).base(lowest.base, resolved, cwd, signal)
    return {
      document,
      stderr: ran.stderr,
      built: {
        name,
        description,
        target: target.stage,
        images,
        base,
        artifacts: artifactsOf(description, neededStages(description, target.stage.index)),
      },
    }
  } finally {
    process.chdir(before)
  }
}

/** Other images in the place of those that were built. */
export interface Instead {
  readonly stage?: {readonly index: number; readonly image: Image}
  readonly base?: Image | undefined
  readonly finished?: Image
}

/** Where the artifacts of a case go, judged by these images. */
export function destinationsOf({description, target}: Built, images: KnownImages): Destinations {
  return new Destinations({
    description,
    target,
    images,
    environment: new Map(),
    architecture: 'amd64',
    runtimeLibraries: [],
  })
}

/** Places of copied paths, as they are worked out on paper, where the finished image has nothing. */
export async function misplaced(built: Built, finished: Image): Promise<string[]> {
  const destinations = destinationsOf(built, {
    stage: async index => (index === built.target.index ? undefined : built.images.get(index)),
    base: async () => built.base,
  })
  const {arriving, image} = await destinations.expected(new Set(), signal)
  return [...arriving.values()].flat().flatMap(({from, to}) => {
    const [there, wanted] = [finished.tree.lookup(to), image.tree.lookup(to)]
    return there?.kind === wanted?.kind && there?.size === wanted?.size ? [] : [`${from} → ${to}`]
  })
}

/** What is found about the artifacts of one stage: early, or on the finished image. */
export async function judge(built: Built, producer: number, instead: Instead): Promise<Diagnostic[]> {
  const stage = built.description.stages[producer]
  const own = instead.stage?.index === producer ? instead.stage.image : built.images.get(producer)
  if (stage === undefined || own === undefined) throw new Error(`${built.name} has no image of stage ${producer}`)
  const destinations = destinationsOf(built, {
    stage: async index => (index === producer ? own : index === built.target.index ? undefined : built.images.get(index)),
    base: async () => ('base' in instead ? instead.base : built.base),
  })
  const reports = await verifyArtifacts({
    producer: stage,
    image: own,
    artifacts: built.artifacts.get(producer) ?? [],
    environment: new Map(),
    destinations,
    ...(instead.finished === undefined ? {} : {finished: instead.finished}),
    heed: found => found,
    signal,
  })
  return reports.flatMap(each => each.diagnostics)
}
