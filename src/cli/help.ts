/** `sifstage --help`: the commands in the order in which people come to need them, not in that of the alphabet. */
import {CommandHelp, Help} from '@oclif/core/help'

/** A command or topic that is in none of these stands under the last one. */
const GROUPS: readonly (readonly [title: string, names: readonly string[]])[] = [
  ['BEGIN', ['init', 'doctor', 'engines']],
  ['WRITE', ['check', 'explain', 'fmt', 'convert', 'import', 'lock']],
  ['BUILD', ['plan', 'build', 'verify', 'report', 'shell']],
  ['KEEP AND SET UP', ['cache', 'config', 'completion', 'lsp', 'schema']],
]

const EXAMPLES = `EXAMPLES
  $ sifstage init pi --template c-mpi
  $ sifstage check Dockerfile
  $ sifstage build Dockerfile -o image.sif

INPUT is a Dockerfile, a definition file or a description in YAML. A command's own
page has its flags and examples: sifstage COMMAND --help`

/** The usage of a command in a line: a build's fifty flags stand below, in groups. */
class ShortUsage extends CommandHelp {
  protected override defaultUsage(): string {
    const {id, args, flags, strict} = this.command
    // What is not strict takes several.
    const places = Object.values(args)
      .map(({name, required}) => ({text: `${name.toUpperCase()}${strict === false ? '...' : ''}`, required}))
      .map(({text, required}) => (required === true ? text : `[${text}]`))
    const needed = Object.values(flags).flatMap(flag =>
      flag.required === true && flag.type === 'option'
        ? [`--${flag.name} ${flag.options?.join('|') ?? flag.helpValue ?? flag.name.toUpperCase()}`]
        : [],
    )
    return [id, ...places, ...needed, ...(Object.keys(flags).length > 0 ? ['[FLAGS]'] : [])].join(' ')
  }
}

export default class SifstageHelp extends Help {
  protected override CommandHelpClass = ShortUsage

  /** Their names with what they do, in a line where the terminal is not very narrow. */
  #rows(): Map<string, string> {
    const topics = this.sortedTopics.map(({name, description = ''}) => [name, description] as const)
    const commands = this.sortedCommands
      .filter(({id, hidden}) => !id.includes(':') && hidden !== true && id !== 'help')
      .map(command => [command.id, command.summary ?? ''] as const)
    return new Map([...topics, ...commands])
  }

  protected override async showRootHelp(): Promise<void> {
    const rows = this.#rows()
    const grouped = new Set(GROUPS.flatMap(([, names]) => names))
    const others = [...rows.keys()].filter(name => !grouped.has(name))
    this.log(this.formatRoot())
    for (const [at, [title, names]] of GROUPS.entries()) {
      const own = [...names, ...(at === GROUPS.length - 1 ? others : [])]
      const list = own.flatMap((name): [string, string][] => {
        const text = rows.get(name)
        return text === undefined ? [] : [[name.padEnd(10), text]]
      })
      this.log('')
      this.log(
        this.section(title, this.renderList(list, {spacer: '\n', stripAnsi: this.opts.stripAnsi ?? false, indentation: 2})),
      )
    }
    this.log('')
    this.log(EXAMPLES)
  }
}
