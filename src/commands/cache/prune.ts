import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../../cli/command.js'
import {building} from '../../cli/flags.js'

export default class CachePrune extends SifstageCommand {
  static override summary = 'Remove what the store has not used for a while, and kept trees of failed stages.'
  static override examples = [
    {description: 'Remove what was not used for two weeks', command: '<%= config.bin %> cache prune --days 14'},
    {description: 'Remove everything', command: '<%= config.bin %> cache prune --all'},
  ]
  static override flags = {
    'cache-dir': building['cache-dir'],
    'run-as': building['run-as'],
    all: Flags.boolean({description: 'remove every entry'}),
    days: Flags.integer({description: 'remove what was last used more than so many days ago', default: 30, min: 0}),
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(CachePrune)
    const {runCachePrune} = await import('../../cli/cache.js')
    await this.carryOut(
      flags.json,
      undefined,
      finding => ({version: 1, error: finding.message}),
      () => runCachePrune(flags),
    )
  }
}
