import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'

export default class Lsp extends SifstageCommand {
  static override summary = 'Answer editors: a language server on standard input and output.'
  static override description =
    'Findings as you type, in YAML descriptions, Dockerfiles and definition files; completion of stages, sections and rules; the page of a rule under the cursor. docs/editors.md has the settings for editors.'
  static override examples = [{description: 'What an editor starts', command: '<%= config.bin %> lsp --stdio'}]
  static override flags = {
    stdio: Flags.boolean({description: 'talk over standard input and output; the only way there is, so it may be left out'}),
  }

  override async run(): Promise<void> {
    await this.parse(Lsp)
    const {serve} = await import('../editor/server.js')
    await serve(this.config.version)
  }
}
