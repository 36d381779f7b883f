/**
 * The images that artifacts go to, before they exist: the base of the stage with all copies out of stages that are
 * done, read where they lie. Once the image is finished, that image itself.
 */
import {Linker} from '../images/linking.js'
import {emptyImage, OverlayImage} from '../images/overlay.js'
import {readSmallFiles} from '../images/small-files.js'
import {engineFiles} from '../language/engine-files.js'
import {hostLibrary} from '../language/host-libraries.js'
import {parseImageConfig} from '../language/image-config.js'
import {absolutePath, destinationPath} from '../language/paths.js'
import {type PlacedMatch, placeMatches} from '../language/placement.js'
import {influenceOf} from '../language/ran.js'
import {matchSource} from '../language/sources.js'
import {chainOf, stageAt} from '../language/stages.js'
import {fillTemplate} from '../language/templates.js'
import type {CopySource, CopyStep, Description, Stage} from '../model/description.js'
import type {Image, ImageTree} from '../model/image.js'
import {baseName, joinPath} from '../model/paths.js'
import {plainText, showTemplate, type Template} from '../model/template.js'
import {type Surroundings, surroundingsOf} from './surroundings.js'

/** Images as far as they are there. */
export interface KnownImages {
  /** The image of a stage that is done: all of it, or what later stages take from it. */
  stage(index: number, part: 'whole' | 'artifacts'): Promise<Image | undefined>
  /** What a stage starts from that is no stage; undefined when nobody can tell in time. */
  base(stage: Stage): Promise<Image | undefined>
}

/** One path of a copy, at its place. */
export interface Arriving {
  readonly match: string
  readonly from: string
  readonly to: string
}

/** A copy whose files are not at hand, and a step that may change anything: both may bring what is missing. */
interface Supplier {
  readonly who: string
  /** Undefined: any. */
  readonly names: ReadonlySet<string> | undefined
  readonly files: boolean
  readonly modes: boolean
}

export interface Expected {
  /** The stage whose image it becomes. */
  readonly stage: Stage
  readonly image: Image
  /** The image before the copies, where it is known. */
  readonly before: ImageTree | undefined
  readonly finished: boolean
  readonly arriving: ReadonlyMap<CopySource, readonly Arriving[]>
  readonly surroundings: Surroundings
  readonly suppliers: readonly Supplier[]
  readonly linker: Linker
  readonly architecture: string
  hostLibrary(name: string): {readonly why: string; readonly certain: boolean} | undefined
}

/** What lies in an image once the copies are made. What its programs meet when they run is not looked at yet. */
type Laid = Pick<Expected, 'image' | 'before' | 'finished' | 'arriving' | 'suppliers'> & {
  /** Of the image that the lowest stage starts from, as JSON text. */
  readonly config: string | undefined
}

export interface DestinationOptions {
  readonly description: Description
  readonly target: Stage
  readonly images: KnownImages
  readonly environment: ReadonlyMap<string, string>
  /** The platform that is built for, in Go's words: that of an image without any program of its own. */
  readonly architecture: string
  /** Patterns of libraries that the machine brings. */
  readonly runtimeLibraries: readonly string[]
}

/** Octal text of `--chmod`; undefined for a symbolic one. */
function octal(mode: Template | undefined): number | undefined {
  const text = mode === undefined ? undefined : plainText(mode)
  return text !== undefined && /^[0-7]{1,5}$/.test(text) ? Number.parseInt(text, 8) : undefined
}

/** What a copy that is not at hand may bring: plain names of files, or anything. */
function namesOf(step: CopyStep): ReadonlySet<string> | undefined {
  const names = new Set<string>()
  for (const {path} of step.sources) {
    const name = baseName(showTemplate(path))
    // A name with an ending is a file, as a rule; any other may be a folder full of things.
    if (step.from.kind !== 'inline' && !/^[^*?[\]{}$]+\.[A-Za-z][\w]*$/.test(name)) return undefined
    names.add(name)
  }
  const to = step.destination === undefined ? undefined : showTemplate(step.destination.path)
  if (to !== undefined && !to.endsWith('/')) names.add(baseName(to))
  return step.unpack === 'detect' || step.unpack === 'always' ? undefined : names
}

export class Destinations {
  readonly #chain: readonly Stage[]
  #started: ReadonlySet<string> | undefined

  constructor(readonly options: DestinationOptions) {
    this.#chain = chainOf(options.description, options.target)
  }

  /** Where a stage stands in the chain of the target; -1 for one that is not in it. */
  place(stage: number): number {
    return this.#chain.findIndex(each => each.index === stage)
  }

  /** Names of all programs that the target's stages and its image start, as their text tells: the same at any moment. */
  started(): ReadonlySet<string> {
    this.#started ??= new Set(surroundingsOf(this.#chain, undefined, []).starts.flatMap(({names}) => names.map(baseName)))
    return this.#started
  }

  /** Whether programs that a stage copies end up in an image that people run: the target's. */
  areRun(consumer: Stage): boolean {
    return this.#chain.includes(consumer)
  }

  /** The image as it is going to be, as far as it can be told now. `own`: names of the programs that are judged. */
  async expected(own: ReadonlySet<string>, signal: AbortSignal): Promise<Expected> {
    return this.#surround(await this.#lay(own, true), signal)
  }

  async #lay(own: ReadonlySet<string>, fromDone: boolean): Promise<Laid> {
    const {options} = this
    // The nearest stage below the target that is done, else the base that the lowest one starts from.
    let start: Image | undefined
    let first = 0
    for (const [at, stage] of this.#chain.entries()) {
      if (stage === options.target || !fromDone) break
      const image = await options.images.stage(stage.index, 'whole')
      if (image === undefined) break
      start = image
      first = at + 1
    }
    const [lowest = options.target] = this.#chain
    const base = await options.images.base(lowest)
    start ??= base
    const overlay = new OverlayImage(start ?? emptyImage)
    const suppliers: Supplier[] = []
    const arriving = new Map<CopySource, Arriving[]>()
    const config = parseImageConfig(base?.config)
    const env = new Map(config.env)
    let folder = config.workdir === '' ? '/' : config.workdir
    for (const [at, stage] of this.#chain.entries()) {
      for (const step of stage.steps) {
        if (step.kind === 'env') for (const {name, value} of step.variables) env.set(name, fillTemplate(value, env))
        if (step.kind === 'workdir') folder = absolutePath(folder, fillTemplate(step.path, env))
        if (at < first) continue
        if (step.kind === 'run' && step.where === 'image') {
          const {files, modes} = influenceOf(step.command, own)
          if (files || modes)
            suppliers.push({
              who: `a command of stage "${stage.name}" (line ${step.span.start.line})`,
              names: undefined,
              files,
              modes,
            })
        }
        if (step.kind === 'run' && step.where === 'host')
          suppliers.push({
            who: `the %${step.section?.name ?? 'setup'} of stage "${stage.name}"`,
            names: undefined,
            files: true,
            modes: true,
          })
        if (step.kind !== 'copy') continue
        const image =
          step.from.kind === 'stage' && step.from.index !== undefined
            ? await options.images.stage(step.from.index, 'artifacts')
            : undefined
        const placed =
          image === undefined ? undefined : this.#place(step, image, overlay, text => fillTemplate(text, env), folder)
        if (placed === undefined || image === undefined) {
          suppliers.push({
            who: `a copy of stage "${stage.name}" (line ${step.span.start.line})`,
            names: namesOf(step),
            files: true,
            modes: false,
          })
          continue
        }
        for (const [source, each] of placed) arriving.set(source, each)
      }
    }
    if (start === undefined)
      suppliers.push({who: 'the base, which is not known yet', names: undefined, files: true, modes: false})
    return {image: overlay, before: start?.tree, finished: false, arriving, suppliers, config: base?.config}
  }

  /** The finished image of the target. */
  async finished(image: Image, signal: AbortSignal): Promise<Expected> {
    // From the base on, for the copies of every stage it stands upon.
    const laid = await this.#lay(new Set(), false)
    const arriving = new Map(
      [...laid.arriving].map(([source, list]) => [
        source,
        list.map(each => ({...each, to: located(each, laid.image.tree, image.tree)})),
      ]),
    )
    return this.#surround({...laid, image, finished: true, arriving, suppliers: []}, signal)
  }

  async #surround({config, ...laid}: Laid, signal: AbortSignal): Promise<Expected> {
    const {image} = laid
    // The others are the engine's own, which set what every image has.
    const scripts = ['10-docker2singularity.sh', '90-environment.sh', '91-environment.sh'].map(
      name => `/.singularity.d/env/${name}`,
    )
    const texts = await readSmallFiles(image, scripts, signal)
    const surroundings = surroundingsOf(
      this.#chain,
      config,
      scripts.flatMap(path => texts.get(path)?.toString('utf8') ?? []),
    )
    return {
      ...laid,
      stage: this.options.target,
      surroundings,
      architecture: /^linux\/(\w+)/.exec(this.#chain[0]?.platform ?? '')?.[1] ?? this.options.architecture,
      linker: new Linker({image, libraryPath: surroundings.libraryPath}),
      hostLibrary: name => hostLibrary(name, this.options.runtimeLibraries),
    }
  }

  /** Puts what a copy takes at its place; undefined when the text does not tell where that is. */
  #place(
    step: CopyStep,
    image: Image,
    overlay: OverlayImage,
    fill: (template: Template) => string,
    folder: string,
  ): Map<CopySource, Arriving[]> | undefined {
    const written = step.destination === undefined ? undefined : fill(step.destination.path)
    if (written?.includes('$')) return undefined
    const destination = written === undefined ? undefined : destinationPath(folder, written)
    const mode = octal(step.chmod)
    const found: {readonly source: CopySource; readonly match: PlacedMatch}[] = []
    for (const source of step.sources) {
      const matched = matchSource(step, source, image.tree, this.options.environment)
      for (const path of matched.kind === 'matched' ? matched.paths : []) {
        const resolution = image.tree.resolve(path)
        if (resolution.kind === 'found')
          found.push({source, match: {path, source: showTemplate(source.path), entry: resolution.entry}})
      }
    }
    const result = new Map<CopySource, Arriving[]>()
    // Line by line: what one puts there is there for the next (D95).
    const turns = step.rules === 'def' ? found.map(each => [each]) : [found]
    for (const turn of turns) {
      const placements = placeMatches(
        step,
        turn.map(each => each.match),
        destination,
        overlay.tree,
      )
      for (const [at, {from, to, merges}] of placements.entries()) {
        const each = turn[at]
        if (each === undefined) continue
        const without = step.rules === 'docker' && from === '/' ? engineFiles : []
        overlay.place({image, from, to, merges, without, ...(mode === undefined ? {} : {mode})})
        const list = result.get(each.source) ?? []
        result.set(each.source, list)
        list.push({match: each.match.path, from, to})
      }
    }
    return result
  }

  /** The images of all stages that are done, by name. */
  async others(): Promise<ReadonlyMap<string, ImageTree>> {
    const {description, images} = this.options
    const found = new Map<string, ImageTree>()
    for (const {index} of description.stages) {
      const stage = stageAt(description, index)
      const image = stage === undefined ? undefined : await images.stage(index, 'artifacts')
      if (stage !== undefined && image !== undefined) found.set(stage.name, image.tree)
    }
    return found
  }
}

/** Where a copied path is in the finished image: steps may have moved it, or made the folder it was to go into. */
function located(each: Arriving, expected: ImageTree, finished: ImageTree): string {
  const size = expected.lookup(each.to)
  const here = finished.lookup(each.to)
  if (size === undefined || (here?.kind === size.kind && here.size === size.size)) return each.to
  const inside = joinPath(each.to, baseName(each.match))
  const there = finished.lookup(inside)
  return there?.kind === size.kind && there.size === size.size ? inside : each.to
}
