import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {everywhere, inputArgument, optionsOf} from '../cli/flags.js'

export default class Convert extends SifstageCommand {
  static override summary = 'Write the same stages in another language.'
  static override description =
    'What cannot be carried over faithfully is refused by name (exit code 3), unless --allow waives the rule. Nothing is written then.'
  static override examples = [
    {
      description: 'A Dockerfile as a definition file, on standard output',
      command: '<%= config.bin %> convert examples/helloworld/Dockerfile --to def',
    },
    {
      description: 'One file per stage, with a docker-bake.hcl and a build.sh that link them',
      command: '<%= config.bin %> convert examples/href-counter/Dockerfile --to stages -o stages',
    },
    {
      description: 'A definition file as a description',
      command: '<%= config.bin %> convert examples/lab3/lab3.def --to yaml --context examples/lab3',
    },
  ]
  static override args = inputArgument
  static override flags = {
    ...everywhere,
    to: Flags.option({options: ['def', 'dockerfile', 'yaml', 'stages'] as const})({description: 'what to write', required: true}),
    output: Flags.string({
      char: 'o',
      description: 'file to write, whole or not at all (default: standard output); a folder for --to stages',
      helpValue: 'FILE|DIR',
    }),
    strict: Flags.boolean({description: 'refuse warnings too'}),
    allow: Flags.string({
      description: 'carry on in spite of this rule',
      helpValue: 'RULE',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'keep-cwd': Flags.boolean({description: "let the image start in the caller's folder instead of WORKDIR"}),
  }

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Convert)
    const {failedConvertDocument, runConvert} = await import('../cli/convert.js')
    await this.carryOut(flags.json, args.input, failedConvertDocument(flags), () =>
      runConvert(args.input, optionsOf(flags), this.colour),
    )
  }
}
