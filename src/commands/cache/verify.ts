import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../../cli/command.js'
import {building, optionsOf} from '../../cli/flags.js'

export default class CacheVerify extends SifstageCommand {
  static override summary = 'Read everything in the store again; drop what is damaged (exit code 1 if there was any).'
  static override examples = [{description: 'Is everything whole?', command: '<%= config.bin %> cache verify'}]
  static override flags = {
    'cache-dir': building['cache-dir'],
    'run-as': building['run-as'],
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(CacheVerify)
    const {runCacheVerify} = await import('../../cli/cache.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, signal => runCacheVerify(optionsOf(flags), signal))
  }
}
