/** The files of a case's artifacts that are worth breaking. */
import {Linker} from '../../src/images/linking.js'
import {readPrograms} from '../../src/images/programs.js'
import {matchSource} from '../../src/language/sources.js'
import type {Image, ImageEntry} from '../../src/model/image.js'
import {type Change, changed} from './image.js'
import type {Victim} from './mutations.js'
import {type Built, destinationsOf} from './workbench.js'

/** Of a folder, that many of its programs. */
const MOST_INSIDE = 3

export interface PlacedVictim extends Victim {
  /** Another finished image, with the file at its place. */
  onto(image: Image): Promise<Image>
  /** The same change, at the file's place in the finished image. */
  moved(change: Change | undefined): Change
}

export async function victimsOf(
  built: Built,
  producer: number,
  image: Image,
  finished: Image,
  signal: AbortSignal,
): Promise<PlacedVictim[]> {
  const destinations = destinationsOf(built, {stage: async index => built.images.get(index), base: async () => built.base})
  const expected = await destinations.finished(finished, signal)
  const linker = new Linker({image: finished, libraryPath: expected.surroundings.libraryPath})
  const run = new Set(
    expected.surroundings.starts.flatMap(({names}) =>
      names.flatMap(name => (name.includes('/') ? [name] : expected.surroundings.path.map(folder => `${folder}/${name}`))),
    ),
  )
  const victims: PlacedVictim[] = []
  for (const artifact of built.artifacts.get(producer) ?? []) {
    for (const {step, source, stage} of artifact.requests) {
      const matched = matchSource(step, source, image.tree, new Map())
      for (const match of matched.kind === 'matched' ? matched.paths : []) {
        const resolution = image.tree.resolve(match)
        if (resolution.kind !== 'found') continue
        const {entry} = resolution
        const files =
          entry.kind === 'file'
            ? [entry]
            : [...image.tree.below(entry.path)]
                .filter(isInteresting)
                .filter(file => step.rules === 'def' || !file.path.startsWith('/.singularity.d/'))
                .slice(0, MOST_INSIDE)
        const programs = await readPrograms(
          image,
          files.map(file => file.path),
          signal,
        )
        const place = (expected.arriving.get(source) ?? []).find(each => each.match === match)
        for (const file of files.length === 0 ? [entry] : files) {
          const program = programs.get(file.path) ?? {kind: 'other'}
          const to = place === undefined ? undefined : move(file.path, place.from, place.to)
          const linked = to === undefined ? undefined : (await linker.link([to], signal)).get(to)
          victims.push({
            match,
            // Through a link that was named, its own place is what is broken.
            matchEntry: image.tree.lookup(match) ?? entry,
            file,
            program,
            image,
            // Where the stage is only passed through, nothing is started.
            linked: destinations.areRun(stage) ? linked : undefined,
            rules: step.rules,
            final: destinations.areRun(stage),
            named: entry.kind === 'file' && destinations.areRun(stage) && !/[*?[\]{}]/.test(source.path.join('')),
            run: to !== undefined && [...run].some(each => each === to || realPath(finished, each) === to),
            onto: async other => {
              const there = to === undefined ? undefined : finished.tree.lookup(to)
              if (to === undefined || there === undefined) return other
              const chunks: Uint8Array[] = []
              await finished.contents(
                [to],
                async (_, content) => {
                  for await (const chunk of content) chunks.push(chunk)
                },
                signal,
              )
              return changed(other, {put: [there], content: new Map([[to, () => Buffer.concat(chunks)]])})
            },
            moved: change => moveChange(change, path => (place === undefined ? path : move(path, place.from, place.to))),
          })
        }
      }
    }
  }
  return victims
}

function isInteresting(entry: ImageEntry): boolean {
  return entry.kind === 'file' && entry.size > 0 && ((entry.mode & 0o111) !== 0 || entry.path.includes('.so'))
}

function realPath(image: Image, path: string): string | undefined {
  const found = image.tree.resolve(path)
  return found.kind === 'found' ? found.entry.path : undefined
}

function move(path: string, from: string, to: string): string {
  if (path !== from && !path.startsWith(from === '/' ? '/' : `${from}/`)) return path
  const rest = from === '/' ? path : path.slice(from.length)
  return rest === '' || rest === '/' ? to : `${to === '/' ? '' : to}${rest}`
}

function moveChange(change: Change | undefined, to: (path: string) => string): Change {
  if (change === undefined) return {}
  return {
    remove: (change.remove ?? []).map(to),
    put: (change.put ?? []).map(entry => ({...entry, path: to(entry.path)})),
    content: new Map([...(change.content ?? [])].map(([path, make]) => [to(path), make])),
  }
}
