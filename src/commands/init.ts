import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'

export default class Init extends SifstageCommand {
  static override summary = 'Write a working example of a build in several stages.'
  static override description =
    'Asks what to begin with where a person can answer, else --template says it. Files that are there stay, unless --force is given.'
  static override examples = [
    {description: 'What is there to begin with?', command: '<%= config.bin %> init --list'},
    {
      description: 'A C program with MPI, as a definition file',
      command: '<%= config.bin %> init pi --template c-mpi',
    },
    {
      description: 'A Python package, as a Dockerfile, in this folder',
      command: '<%= config.bin %> init --template python --format dockerfile',
    },
  ]
  static override args = {
    dir: Args.string({description: 'folder to write to; made where it is missing (default: this one)', required: false}),
  }
  static override flags = {
    template: Flags.string({
      description: 'what to begin with, instead of a question',
      helpValue: 'c-mpi|conda|go|python|r|rust|spack',
    }),
    format: Flags.option({options: ['def', 'dockerfile', 'yaml'] as const})({
      description: 'language of the description (default: def)',
    }),
    name: Flags.string({description: 'name of the image (default: that of the folder)', helpValue: 'NAME'}),
    force: Flags.boolean({char: 'F', description: 'overwrite files that are there'}),
    list: Flags.boolean({description: 'list the templates and write nothing'}),
    json: Flags.boolean({description: 'print the result as JSON, and ask nothing'}),
  }

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Init)
    const [{runInit}, {askOnTerminal}] = await Promise.all([import('../cli/init.js'), import('../cli/init-questions.js')])
    const someone = process.stdin.isTTY === true && process.stderr.isTTY === true && !flags.json
    await this.carryOut(flags.json, undefined, this.failedDocument, () =>
      runInit(args.dir ?? '.', flags, someone ? askOnTerminal : undefined),
    )
  }
}
