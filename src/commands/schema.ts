import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'

export default class Schema extends SifstageCommand {
  static override summary = 'Print the JSON Schema of the YAML description.'
  static override description =
    'Editors that know JSON Schema complete and check a description with it: write it beside the description, which names it in a comment, "# yaml-language-server: $schema=sifstage.schema.json". The package brings the same file as schema.json.'
  static override examples = [
    {description: 'Beside a description, for an editor', command: '<%= config.bin %> schema -o sifstage.schema.json'},
  ]
  static override flags = {
    output: Flags.string({char: 'o', description: 'write it to a file', helpValue: 'FILE'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Schema)
    const {runSchema} = await import('../cli/schema.js')
    await this.carryOut(
      false,
      undefined,
      () => ({}),
      () => runSchema(flags.output),
    )
  }
}
