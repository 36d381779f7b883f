import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inputArgument, optionsOf} from '../cli/flags.js'

export default class Lock extends SifstageCommand {
  static override summary = 'Write down which bytes the bases are, so that it builds the same tomorrow.'
  static override description =
    'INPUT.lock, beside INPUT, gets the digest of every base and of every image that is copied from: what is locked stays, what is new is added. build, plan, verify and shell then take the bases at these digests and ask no registry what a tag means now; plan says which tags have moved. --update asks again, for all bases or for those named after INPUT. With --locked a build ends with exit code 2 where the lock file lacks a base; --offline asks no registry for anything.'
  static override examples = [
    {description: 'Lock the bases', command: '<%= config.bin %> lock examples/lab3/lab3.def'},
    {
      description: 'Take what the tags mean now',
      command: '<%= config.bin %> lock examples/lab3/lab3.def --update',
    },
    {description: 'In CI: is everything locked?', command: '<%= config.bin %> lock examples/lab3/lab3.def --check'},
  ]
  static override args = inputArgument
  // The references of --update follow INPUT.
  static override strict = false
  static override flags = {
    ...everywhere,
    'cache-dir': building['cache-dir'],
    'run-as': building['run-as'],
    'no-https': building['no-https'],
    'lock-file': building['lock-file'],
    update: Flags.boolean({description: 'ask again: for all bases, or for those that follow INPUT'}),
    check: Flags.boolean({description: 'write nothing; exit code 1 when a base is not locked, or a local one has changed'}),
  }

  override async run(): Promise<void> {
    const {args, argv, flags} = await this.parse(Lock)
    const {failedLockDocument, runLock} = await import('../cli/lock.js')
    await this.carryOut(flags.json, args.input, failedLockDocument, signal =>
      runLock(args.input, argv.slice(1).map(String), optionsOf(flags), this.colour, signal),
    )
  }
}
