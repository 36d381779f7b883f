/** What all image engines get: the stage's Dockerfile and its ignore file, as they lie beside each other. */
import type {EngineOptions, ImageWork, StageScript} from '../model/ports.js'

export interface ImageFiles {
  readonly dockerfile: string
  readonly ignore: string
  readonly files: StageScript['files']
  readonly folders: StageScript['folders']
  /** Folders of ours that it copies from, as the flag `--build-context` has them. */
  readonly contexts: readonly string[]
}

/**
 * The ignore file beside a Dockerfile goes before the context's own (K106), so that what is hidden is what the
 * description says: nothing, for a definition file.
 */
export function imageFiles({folder, dockerfile: {text, inline}, ignore}: ImageWork): ImageFiles {
  const path = `${folder}/Dockerfile`
  const beside = `${folder}/inline`
  const parts = inline?.files ?? []
  return {
    dockerfile: path,
    ignore: `${path}.dockerignore`,
    files: [
      {path, text, mode: 0o644},
      {path: `${path}.dockerignore`, text: ignore ?? '', mode: 0o644},
      ...parts.map(file => ({path: `${beside}/${file.path}`, text: file.text, mode: 0o644})),
    ],
    folders: [...parts.map(file => file.path.replace(/\/[^/]*$/, '')), ...(inline?.folders ?? [])].map(name => ({
      path: `${beside}/${name}`,
      mode: 0o755,
    })),
    contexts: inline === undefined ? [] : [`${inline.context}=${beside}`],
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

/** A shell in a container, as docker and podman start one. */
export function containerShell(image: string, terminal: boolean): readonly string[] {
  return ['run', '--rm', '--interactive', ...(terminal ? ['--tty'] : []), '--entrypoint', '/bin/sh', image]
}
