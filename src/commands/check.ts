import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {everywhere, inputArgument, optionsOf} from '../cli/flags.js'

export default class Check extends SifstageCommand {
  static override summary = 'Tell everything that can be known before a build.'
  static override description =
    'Wrong stage order, unknown stages, missing host files; copied paths that no step makes; what Apptainer reads otherwise than it looks; secrets, bash in /bin/sh and other things that cost a build. Each with file, line and column. docs/checks.md explains every rule by the name in brackets, and --format sarif holds the same texts. A comment "sifstage: ignore RULE" on the line or above it silences one. Exit code 0: no errors, 1: errors, 2: INPUT cannot be read. Several inputs are checked one after the other; the exit code is that of the first that is not right.'
  static override examples = [
    {description: 'Check a definition file', command: '<%= config.bin %> check examples/lab3/lab3.def --context examples/lab3'},
    {
      description: 'Check several, as a hook does',
      command: '<%= config.bin %> check examples/helloworld/Dockerfile examples/href-counter/Dockerfile',
    },
    {
      description: 'For a code-scanning service',
      command: '<%= config.bin %> check examples/helloworld/Dockerfile --format sarif',
    },
  ]
  static override args = inputArgument
  // Hooks and pipelines hand over several files.
  static override strict = false
  static override flags = {
    ...everywhere,
    format: Flags.option({options: ['text', 'json', 'sarif', 'github'] as const})({
      description: 'how findings are printed',
      default: 'text',
    }),
  }

  override async run(): Promise<void> {
    const {argv, flags} = await this.parse(Check)
    const inputs = argv.map(String)
    const {failedCheckDocument, runCheck} = await import('../cli/check.js')
    await this.carryOut(flags.json || flags.format === 'json', inputs[0], failedCheckDocument, () =>
      runCheck(inputs, optionsOf(flags), this.colour, this.config.version),
    )
  }
}
