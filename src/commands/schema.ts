import {SifstageCommand} from '../cli/command.js'

export default class Schema extends SifstageCommand {
  static override summary = 'Print the JSON Schema of the YAML description.'
  static override examples = [{description: 'For an editor', command: '<%= config.bin %> schema > sifstage.schema.json'}]

  override async run(): Promise<void> {
    await this.parse(Schema)
    const {descriptionJsonSchema} = await import('../formats/yaml/schema.js')
    await this.carryOut(
      false,
      undefined,
      () => ({}),
      async () => ({exitCode: 0, document: {}, text: `${JSON.stringify(descriptionJsonSchema(), undefined, 2)}\n`, messages: ''}),
    )
  }
}
