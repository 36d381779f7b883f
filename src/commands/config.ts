import * as Args from '@oclif/core/args'
import {SifstageCommand} from '../cli/command.js'
import {everywhere} from '../cli/flags.js'

export default class Config extends SifstageCommand {
  static override summary = 'Show every setting, its value, and where that comes from.'
  static override description =
    "A flag wins over a variable, a variable over the project's file (sifstage.config.yaml here or above), that over the user's (~/.config/sifstage/config.yaml)."
  static override examples = [
    {description: 'What holds here, and who says so?', command: '<%= config.bin %> config'},
    {description: 'Where is the store?', command: '<%= config.bin %> config cache-dir'},
  ]
  static override args = {
    key: Args.string({description: 'one setting: its value alone is printed', required: false}),
  }
  static override flags = {json: everywhere.json}

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Config)
    const {runConfig} = await import('../cli/config.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () => runConfig(args.key))
  }
}
