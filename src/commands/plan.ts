import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inGroups, inputArgument, optionsOf} from '../cli/flags.js'

export default class Plan extends SifstageCommand {
  static override summary = 'Draw the stages: what is needed, in which order, what is cached.'
  static override description =
    'The picture has one box a stage. A double line leads from a stage to one that starts from its image, a single one to a stage that takes files out of it. Each runs straight down to the next box, or beside the boxes to a later one.'
  static override examples = [
    {
      description: 'The plan as a picture in characters, and in words',
      command: '<%= config.bin %> plan examples/web/stages.yaml',
    },
    {description: 'The graph for a Markdown page', command: '<%= config.bin %> plan examples/web/stages.yaml --format mermaid'},
    {
      description: 'The graph as a file, by Graphviz',
      command: '<%= config.bin %> plan examples/web/stages.yaml --format dot | dot -Tsvg > plan.svg',
    },
    {description: 'Why would this stage run?', command: '<%= config.bin %> plan examples/web/stages.yaml --explain runtime'},
  ]
  static override args = inputArgument
  static override flags = inGroups({
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
  })

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Plan)
    const {failedPlanDocument, runPlan} = await import('../cli/plan.js')
    await this.carryOut(flags.json || flags.format === 'json', args.input, failedPlanDocument, signal =>
      runPlan(args.input, optionsOf(flags), this.colour, signal),
    )
  }
}
