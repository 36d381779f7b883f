import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../../cli/command.js'
import {building, optionsOf} from '../../cli/flags.js'

export default class CacheLs extends SifstageCommand {
  static override summary = 'List what the store keeps, with sizes on disk and what uses it, last used first.'
  static override examples = [{description: 'What is kept?', command: '<%= config.bin %> cache ls'}]
  static override flags = {
    'cache-dir': building['cache-dir'],
    'run-as': building['run-as'],
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(CacheLs)
    const {runCacheList} = await import('../../cli/cache.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () => runCacheList(optionsOf(flags)))
  }
}
