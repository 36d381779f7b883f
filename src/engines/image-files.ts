/** What all image engines get: the stage's Dockerfile and its ignore file, as they lie beside each other. */
import type {EngineOptions, ImageWork, StageScript} from '../model/ports.js'

export interface ImageFiles {
  readonly dockerfile: string
  readonly ignore: string
  readonly files: StageScript['files']
}

/**
 * The ignore file beside a Dockerfile goes before the context's own (K106), so that what is hidden is what the
 * description says: nothing, for a definition file.
 */
export function imageFiles({folder, dockerfile, ignore}: ImageWork): ImageFiles {
  const path = `${folder}/Dockerfile`
  return {
    dockerfile: path,
    ignore: `${path}.dockerignore`,
    files: [
      {path, text: dockerfile, mode: 0o644},
      {path: `${path}.dockerignore`, text: ignore ?? '', mode: 0o644},
    ],
  }
}

/** Options of builds that engines which make images have no notion of, as they are written. */
export function unknownOptions(options: EngineOptions): readonly string[] {
  const given: readonly (readonly [flag: string, isGiven: boolean])[] = [
    ['--bind', options.binds.length > 0],
    ['--nv', options.nv],
    ['--rocm', options.rocm],
    ['--fix-perms', options.fixPerms],
    ['--override-labels', options.overrideLabels],
    ['--cache-mount', options.cacheMounts.length > 0],
    ['--share-tmp', options.shareTmp],
  ]
  return given.flatMap(([flag, isGiven]) => (isGiven ? [flag] : []))
}
