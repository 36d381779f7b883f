import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inputArgument, optionsOf} from '../cli/flags.js'

export default class Plan extends SifstageCommand {
  static override summary = 'Show the stages that are needed, in which order, and what is cached.'
  static override examples = [
    {description: 'The plan as text', command: '<%= config.bin %> plan examples/web/stages.yaml'},
    {description: 'The graph for a Markdown page', command: '<%= config.bin %> plan examples/web/stages.yaml --format mermaid'},
    {description: 'Why would this stage run?', command: '<%= config.bin %> plan examples/web/stages.yaml --explain runtime'},
  ]
  static override args = inputArgument
  static override flags = {
    ...everywhere,
    ...building,
    explain: Flags.string({
      description: 'tell only why this stage would run: what has changed since it was last built',
      helpValue: 'STAGE',
    }),
    format: Flags.option({options: ['text', 'json', 'mermaid', 'dot'] as const})({
      description: 'how the plan is printed',
      default: 'text',
    }),
  }

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Plan)
    const {failedPlanDocument, runPlan} = await import('../cli/plan.js')
    await this.carryOut(flags.json || flags.format === 'json', args.input, failedPlanDocument, signal =>
      runPlan(args.input, optionsOf(flags), this.colour, signal),
    )
  }
}
