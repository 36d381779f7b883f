import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'

export default class Explain extends SifstageCommand {
  static override summary = 'Explain a rule: what it finds, why it matters, how it looks.'
  static override description =
    'Findings end in the name of their rule, in brackets. Without RULE all rules are listed, each with one line.'
  static override examples = [
    {description: 'The page of a rule', command: '<%= config.bin %> explain copy-from-later-stage'},
    {description: 'All rules', command: '<%= config.bin %> explain'},
  ]
  static override args = {rule: Args.string({description: "a rule's name", required: false})}
  static override flags = {json: Flags.boolean({description: 'print the result as JSON'})}

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Explain)
    const {runExplain} = await import('../cli/explain.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () =>
      runExplain(args.rule, this.resultColour, process.stdout.columns ?? 80),
    )
  }
}
