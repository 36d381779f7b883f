import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../../cli/command.js'
import {building, optionsOf} from '../../cli/flags.js'

export default class CachePrune extends SifstageCommand {
  static override summary = 'Remove what the store has not used for a while, and kept trees of failed stages.'
  static override description =
    'Whole images of stages and checkpoints go first, then outputs, layers, downloads and cache mounts, and artifacts and records last; of each, what was used longest ago. What a running build relies on stays, also one on another host.'
  static override examples = [
    {description: 'Remove what was not used for two weeks', command: '<%= config.bin %> cache prune --older-than 14d'},
    {description: 'What would go to make it fit?', command: '<%= config.bin %> cache prune --max-size 20GB --dry-run'},
    {description: 'Remove everything', command: '<%= config.bin %> cache prune --all'},
  ]
  static override flags = {
    'cache-dir': building['cache-dir'],
    'run-as': building['run-as'],
    all: Flags.boolean({description: 'remove every entry'}),
    'max-size': Flags.string({description: 'remove until no more than this is left', helpValue: '20GB'}),
    'older-than': Flags.string({
      description: 'remove what was not used for so long (30d when nothing else is asked for)',
      helpValue: '14d|12h',
    }),
    days: Flags.integer({description: 'the same in days', min: 0}),
    'dry-run': Flags.boolean({description: 'print what would go, and remove nothing'}),
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(CachePrune)
    const {runCachePrune} = await import('../../cli/cache.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () => runCachePrune(optionsOf(flags)))
  }
}
