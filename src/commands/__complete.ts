import {SifstageCommand} from '../cli/command.js'

/** Asked by the scripts of `completion` at every press of the key, never by a person. */
export default class Complete extends SifstageCommand {
  static override hidden = true
  static override strict = false
  static override summary = 'Say what may stand next on a command line.'

  override async run(): Promise<void> {
    const [shell, , ...words] = this.argv
    try {
      const {complete, SHELLS} = await import('../cli/complete.js')
      const known = SHELLS.find(each => each === shell)
      if (known !== undefined) process.stdout.write(await complete(this.config.commands, known, words))
    } catch {
      // Whoever presses a key wants no message in the middle of a line.
    }
  }
}
