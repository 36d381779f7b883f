/** `build --dry-run`: the files and commands of each stage, in the order of the plan. Nothing is run and nothing kept. */
import {previewBuild} from '../build/preview.js'
import type {BuildPorts, BuildRequest, EngineHere} from '../build/request.js'
import {shellLine} from '../language/shell.js'
import type {Loaded} from '../library/input.js'
import {diagnosticJson} from '../model/diagnostic.js'
import {ExitCode} from '../model/errors.js'
import {commandPrefix} from '../runners/local.js'
import type {Outcome} from './outcome.js'

export async function dryRun(
  request: BuildRequest,
  main: EngineHere,
  ports: BuildPorts,
  loaded: Loaded,
  signal: AbortSignal,
): Promise<Outcome> {
  const stages = await previewBuild(request, ports, signal)
  const lines: string[] = []
  for (const {stage, key, cached, script} of stages) {
    lines.push(`# stage ${stage.name}${key === undefined ? '' : ` ${key}`}${cached ? ' (cached: nothing would run)' : ''}`)
    for (const {path, text} of script.files) lines.push(`## file ${path}`, text.replace(/\n$/, ''))
    for (const command of script.commands) {
      lines.push(`## ${command.title}`)
      const helper = command.kind === 'helper' ? ['node', '--input-type=module', '-'] : []
      lines.push(shellLine([...commandPrefix(command.kind, ports.identity, ports.mapping), ...helper, ...command.argv]))
    }
    lines.push('')
  }
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      status: 'ok',
      engine: {name: main.engine.name, version: main.version},
      stages: stages.map(({stage, key, cached, script}) => ({
        name: stage.name,
        status: cached ? 'cached' : 'not-run',
        ...(key === undefined ? {} : {key}),
        artifacts: [],
        files: script.files,
        commands: script.commands.map(({title, kind, argv}) => ({title, kind, argv})),
      })),
      diagnostics: loaded.diagnostics.map(diagnosticJson),
      seconds: 0,
    },
    text: `${lines.join('\n')}\n`,
    messages: '',
  }
}
