/** What a stage starts from, and what it goes on with: variables, folder, shell, triggers (K55, K60, K76, K77). */
import {configOf} from '../../language/image-config.js'
import type {Base, CopyOrigin, Setting} from '../../model/description.js'
import type {Template} from '../../model/template.js'
import type {Scope, ScopeBase} from './scope.js'
import {startFolder} from './template-paths.js'

/** How a stage leaves what its children go on with. */
export interface StageEnd {
  readonly scope: ScopeBase
  readonly workdir: Template
  readonly shell: readonly string[]
  /** Text of ONBUILD instructions, which run first in the child. */
  readonly triggers: readonly string[]
}

export interface Ground extends StageEnd {
  readonly base: Base
}

/** A stage of another file in the place of an image. */
export interface Replacement {
  readonly ground: Ground
  /** For `COPY --from` and mounts; without it they take the image. */
  readonly origin?: Extract<CopyOrigin, {kind: 'stage'}>
}

/** What a file is put on instead of what it says. */
export interface Replacements {
  /** For the FROM lines of `rebasedFroms`. */
  readonly ground?: Ground | undefined
  readonly images?: ReadonlyMap<string, Replacement>
}

export const defaultShell: readonly string[] = ['/bin/sh', '-c']

/** A base that is no stage. */
export function groundOf(base: Base): Ground {
  const config = configOf(base)
  return {
    base,
    scope: base.kind === 'scratch' ? {kind: 'scratch'} : {kind: 'image', config},
    workdir: startFolder(base),
    shell: config?.shell ?? defaultShell,
    triggers: config?.onbuild ?? [],
  }
}

interface Ended {
  readonly scope: Scope
  readonly workdir: Template
  readonly shell: readonly string[]
  readonly settings: {readonly onbuild?: readonly Setting<string>[]}
}

export function endOf({scope, workdir, shell, settings}: Ended): StageEnd {
  return {scope: {kind: 'stage', scope}, workdir, shell, triggers: settings.onbuild?.map(trigger => trigger.value) ?? []}
}
