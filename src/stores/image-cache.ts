/**
 * Stage images of an engine in a registry: what another machine has built is pulled by its key, and what is built here
 * is pushed. A repository holds, by tag: `stage-HEX` the image of a key; `latest-NAME` the newest image of a stage, for
 * the cache that BuildKit keeps in images; `layers-NAME` the layers of a stage's build, where they are kept apart.
 */
import {ExitCode, SifstageError} from '../model/errors.js'
import type {EngineImages} from '../model/ports.js'
import type {ImageCache, LayerCache} from '../model/store.js'
import {type Note, whyNot} from './source.js'

/** A place for stage images. */
export interface CachePlace {
  /** Registry and repository, without a tag. */
  readonly repository: string
  /** Whether the layers of every step are kept, apart from the images; else those of the images, in them. */
  readonly layers: boolean
}

/**
 * Reads `REF`, `type=registry,ref=REF[,mode=min|max]` or `type=inline,ref=REF`, as buildx writes them.
 * @throws SifstageError (2)
 */
export function parseCachePlace(flag: string, text: string): CachePlace {
  const wrong = (why: string) =>
    new SifstageError(
      ExitCode.usage,
      `${flag} ${text}: ${why}`,
      `Write a repository of a registry: ${flag} registry.example/project/cache, or type=registry,ref=REPOSITORY,mode=max`,
    )
  const fields = new Map<string, string>()
  if (!/^\w+=/.test(text)) fields.set('ref', text)
  else
    for (const field of text.split(',')) {
      const [, name = '', value = ''] = /^([\w-]+)=(.*)$/.exec(field) ?? []
      if (!['type', 'ref', 'mode'].includes(name) || fields.has(name)) throw wrong(`${field} is not understood`)
      fields.set(name, value)
    }
  const type = fields.get('type') ?? (fields.has('mode') ? 'registry' : 'inline')
  const mode = fields.get('mode') ?? 'min'
  if (type !== 'registry' && type !== 'inline') throw wrong(`the type ${type} is none that a stage's images can be kept in`)
  if (mode !== 'min' && mode !== 'max') throw wrong('mode is min or max')
  const repository = fields.get('ref') ?? ''
  if (!/^[a-z0-9.-]+(:\d+)?(\/[a-z0-9]+([._-]+[a-z0-9]+)*)+$/i.test(repository))
    throw wrong(/:[^/]*$/.test(repository.replace(/^[^/]*/, '')) ? 'the tag is ours to choose' : 'this is no repository')
  return {repository, layers: type === 'registry' && mode === 'max'}
}

/** A stage's name as part of a tag. */
function tagPart(name: string): string {
  return name.replace(/[^\w.-]/g, '-').slice(0, 100)
}

export interface ImageCacheOptions {
  readonly from: readonly CachePlace[]
  readonly to: CachePlace | undefined
  readonly note: Note
  readonly signal: AbortSignal
}

/** Pushes behind the build's back, one after the other. */
export function imageCache({from, to, note, signal}: ImageCacheOptions): ImageCache {
  let last: Promise<void> = Promise.resolve()
  let failed = false
  const unreachable = new Set<string>()
  /** Keys whose images are there. */
  const sent = new Set<string>()

  async function pull(storage: EngineImages, place: CachePlace, hex: string, name: string): Promise<boolean> {
    if (unreachable.has(place.repository)) return false
    try {
      return await storage.pull(`${place.repository}:stage-${hex}`, name, signal)
    } catch (error) {
      signal.throwIfAborted()
      unreachable.add(place.repository)
      note('warning', `no stage is taken from ${place.repository}: ${whyNot(error)}`)
      return false
    }
  }

  return {
    async take(storage, key, name) {
      const hex = key.replace(/^sha256:/, '')
      for (const place of from) {
        if (!(await pull(storage, place, hex, name))) continue
        if (place.repository === to?.repository) sent.add(key)
        return place.repository
      }
      return undefined
    },

    send(storage, key, name, stage) {
      if (to === undefined || failed || sent.has(key)) return
      sent.add(key)
      const hex = key.replace(/^sha256:/, '')
      last = last.then(async () => {
        if (failed || signal.aborted) return
        try {
          // One that was reused need not be there any more.
          if ((await storage.find(name, signal)) === undefined) return
          await storage.push(name, `${to.repository}:stage-${hex}`, signal)
          await storage.push(name, `${to.repository}:latest-${tagPart(stage)}`, signal)
        } catch (error) {
          if (signal.aborted) return
          failed = true
          note('warning', `nothing more is pushed to ${to.repository}: ${whyNot(error)}; the build is as good without`)
        }
      })
    },

    layers(stage): LayerCache {
      const name = tagPart(stage)
      return {
        from: from.flatMap(({repository}) => [`${repository}:layers-${name}`, `${repository}:latest-${name}`]),
        to: to === undefined ? undefined : to.layers ? `${to.repository}:layers-${name}` : 'inline',
      }
    },

    finish: () => last,
  }
}
