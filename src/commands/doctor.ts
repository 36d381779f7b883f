import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, optionsOf} from '../cli/flags.js'

export default class Doctor extends SifstageCommand {
  static override summary = 'Look at this machine for what makes builds fail or crawl.'
  static override description =
    'Engines, subordinate ids, user namespaces, FUSE, scratch and store (kind of file system, room, quotas, what works in them), memory, Slurm, logins, proxies: each with why it matters and what to do. Folders are really tried, in a temporary one that is removed again; nothing else is written, and a file server that does not answer is not waited for. Exit code 0: a build can work here, 4: no engine can, 2: a folder or settings file that every build needs cannot be used.'
  static override examples = [
    {description: 'Will builds work here?', command: '<%= config.bin %> doctor'},
    {description: 'With the store somewhere else, for a program', command: '<%= config.bin %> doctor --cache-dir ./store --json'},
  ]
  static override flags = {
    'run-as': building['run-as'],
    'cache-dir': building['cache-dir'],
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {flags} = await this.parse(Doctor)
    const {runDoctor} = await import('../cli/doctor.js')
    await this.carryOut(
      flags.json,
      undefined,
      finding => ({version: 1, checks: [], error: finding.message}),
      () => runDoctor(optionsOf(flags), this.resultColour && this.colour),
    )
  }
}
