import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inGroups, inputArgument, optionsOf} from '../cli/flags.js'

export default class Report extends SifstageCommand {
  static override summary = 'Report what a build came to, and what is in an image.'
  static override description =
    'Sizes and times of the stages, and the image of the target, come from the store as the last build left them; nothing is built. ' +
    'With IMAGE that image is looked at instead. INPUT may be an image itself (a .sif, a folder, an archive, docker://REF): then there are no stages to report.'
  static override examples = [
    {
      description: 'The stages of the last build, and its image',
      command: '<%= config.bin %> report examples/helloworld/Dockerfile',
    },
    {
      description: 'Tables for a pull request',
      command: '<%= config.bin %> report examples/helloworld/Dockerfile --format markdown',
    },
    {
      description: 'One page for a browser: graph, timeline of the last build, checks, sizes, output',
      command: '<%= config.bin %> report examples/helloworld/Dockerfile --html -o report.html',
    },
    {description: 'An image alone, beside this machine', command: '<%= config.bin %> report helloworld.sif --against-host'},
  ]
  static override args = {
    ...inputArgument,
    image: Args.string({description: 'the image to look at, instead of the one in the store', required: false}),
  }
  static override flags = inGroups({
    ...everywhere,
    ...building,
    format: Flags.option({options: ['text', 'json', 'markdown', 'html'] as const})({
      description: 'how the report is printed',
      default: 'text',
    }),
    html: Flags.boolean({description: 'a page with graph, timeline and checks: --format html', exclusive: ['format']}),
    output: Flags.string({char: 'o', description: 'write the report to a file, whole or not at all', helpValue: 'FILE'}),
    'against-host': Flags.boolean({description: 'warn where the image does not suit this machine'}),
  })

  override async run(): Promise<void> {
    const {args, flags: given} = await this.parse(Report)
    const {html, json, ...flags} = given
    const format = html ? 'html' : flags.format
    const {failedReportDocument, runReport} = await import('../cli/report.js')
    const onlooker = {colour: this.resultColour, messagesColour: this.colour, version: this.config.version}
    await this.carryOut(json || format === 'json', args.input, failedReportDocument, signal =>
      runReport(args.input, {...optionsOf(flags), image: args.image, format}, onlooker, signal),
    )
  }
}
