import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {everywhere} from '../cli/flags.js'

export default class Fmt extends SifstageCommand {
  static override summary = 'Lay out definition files and YAML; their meaning stays.'
  static override description =
    'Scripts stay as they are, byte for byte, and so do comments. A file that cannot be read is left alone (exit code 2).'
  static override examples = [
    {
      description: 'Would it change anything? (exit code 1 if so)',
      command: '<%= config.bin %> fmt --check examples/lab3/lab3.def examples/web/stages.yaml',
    },
    {description: 'What would it change?', command: '<%= config.bin %> fmt --diff examples/web/stages.yaml'},
    {description: 'In an editor', command: '<%= config.bin %> fmt - --from def < examples/lab3/lab3.def'},
  ]
  static override strict = false
  static override args = {
    files: Args.string({
      description: 'files to lay out; - is standard input; left out: the only one in this folder',
      required: false,
    }),
  }
  static override flags = {
    check: Flags.boolean({description: 'write nothing; exit code 1 and a list when something would change'}),
    diff: Flags.boolean({description: 'write nothing, and show what would change'}),
    from: everywhere.from,
    json: everywhere.json,
  }

  override async run(): Promise<void> {
    const {argv, flags} = await this.parse(Fmt)
    const {runFmt} = await import('../cli/fmt.js')
    await this.carryOut(
      flags.json,
      undefined,
      finding => ({version: 1, files: [], error: finding.message}),
      () => runFmt(argv.map(String), flags, this.colour),
    )
  }
}
