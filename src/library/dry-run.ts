/** What a build would write and run, stage by stage. */
import {previewBuild} from '../build/preview.js'
import type {BuildPorts, BuildRequest} from '../build/request.js'
import {shellLine} from '../language/shell.js'
import {commandPrefix} from '../runners/local.js'

export interface EngineName {
  readonly name: string
  readonly version: string
}

/** A stage as its engine would get it. */
export interface Script {
  readonly name: string
  readonly key: string | undefined
  /** Nothing of it would run. */
  readonly cached: boolean
  readonly files: readonly {readonly path: string; readonly text: string}[]
  readonly commands: readonly {
    readonly title: string
    readonly kind: string
    readonly argv: readonly string[]
    /** The whole command for a shell, with what brings it to the engine's user. */
    readonly line: string
  }[]
}

export async function planned(request: BuildRequest, ports: BuildPorts, signal: AbortSignal): Promise<readonly Script[]> {
  const stages = await previewBuild(request, ports, signal)
  return stages.map(({stage, key, cached, script}) => ({
    name: stage.name,
    key,
    cached,
    files: script.files,
    commands: script.commands.map(({title, kind, argv}) => {
      const helper = kind === 'helper' ? ['node', '--input-type=module', '-'] : []
      const line = shellLine([...commandPrefix(kind, ports.identity, ports.mapping), ...helper, ...argv])
      return {title, kind, argv, line}
    }),
  }))
}
