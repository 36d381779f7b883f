import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'

export default class Version extends SifstageCommand {
  static override summary = 'Show the versions of sifstage, the engines and the tools, for bug reports.'
  static override description =
    'sifstage --version prints the same, and waits less than half a second for programs that are slow to answer. Its first line is always sifstage/VERSION PLATFORM node-VERSION.'
  static override examples = [{description: 'What a bug report needs', command: '<%= config.bin %> version'}]
  static override flags = {json: Flags.boolean({description: 'print the result as JSON'})}

  override async run(): Promise<void> {
    const {flags} = await this.parse(Version)
    const {runVersion} = await import('../cli/version.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () => runVersion(this.config.userAgent, this.config.version))
  }
}
