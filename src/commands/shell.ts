import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inGroups, inputArgument, optionsOf} from '../cli/flags.js'
import type {ExitCode} from '../model/errors.js'

export default class Shell extends SifstageCommand {
  static override summary = 'Open a shell in the image of a stage as it is now.'
  static override description = "Also in one that failed and was kept (build --on-failure keep). The exit code is the shell's."
  static override examples = [
    {
      description: 'Look into a built stage',
      command: '<%= config.bin %> shell examples/lab3/lab3.def --context examples/lab3 --stage compiler',
    },
  ]
  static override args = inputArgument
  static override flags = inGroups({
    ...everywhere,
    ...building,
    stage: Flags.string({description: 'the stage: a name, or its number from 0', helpValue: 'STAGE', required: true}),
  })

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Shell)
    const {runShell} = await import('../cli/shell.js')
    await this.carryOut(
      false,
      args.input,
      () => ({}),
      async signal => {
        const status = await runShell(args.input, optionsOf(flags), signal)
        // The shell's own status, whatever it is.
        const exitCode = status as ExitCode
        return {exitCode, document: {}, text: '', messages: ''}
      },
    )
  }
}
