import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, optionsOf} from '../cli/flags.js'

export default class Engines extends SifstageCommand {
  static override summary = 'Show which engines are here, and what to do about those that do not work.'
  static override examples = [{description: 'What can build here?', command: '<%= config.bin %> engines'}]
  static override flags = {
    'run-as': building['run-as'],
    'cache-dir': building['cache-dir'],
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Engines)
    const {runEngines} = await import('../cli/engines.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () =>
      runEngines(optionsOf(flags), this.resultColour && this.colour),
    )
  }
}
