import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../../cli/command.js'
import {optionsOf} from '../../cli/flags.js'

export default class CacheKey extends SifstageCommand {
  static override summary = 'Print the public key that signs what you send to a registry store; make the pair if there is none.'
  static override description =
    'A key of a stage says what went into it, not what came out: entries of a registry are believed only from signers that you name. The private key lies in your configuration folder (sifstage/store-key.pem), readable by you alone; SIFSTAGE_STORE_KEY or --key name another file.'
  static override examples = [
    {description: 'Your key, to hand on', command: '<%= config.bin %> cache key'},
    {
      description: 'Believe what a colleague or the CI has built',
      command:
        '<%= config.bin %> build examples/helloworld/Dockerfile --store-from oras://localhost:5000/team/stages --store-trust ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    },
  ]
  static override flags = {
    key: Flags.string({description: 'file of the private key', helpValue: 'FILE'}),
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(CacheKey)
    const {runCacheKey} = await import('../../cli/cache.js')
    await this.carryOut(flags.json, undefined, this.failedDocument, () => runCacheKey(optionsOf(flags)))
  }
}
