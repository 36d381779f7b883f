import * as Args from '@oclif/core/args'
import {SifstageCommand} from '../cli/command.js'

export default class Completion extends SifstageCommand {
  static override summary = 'Print the script that completes commands, flags and stages in your shell.'
  static override description = 'The script asks sifstage itself, so it need not be made again when sifstage changes.'
  static override examples = [
    {description: 'bash, in ~/.bashrc: eval "$(sifstage completion bash)"', command: '<%= config.bin %> completion bash'},
    {description: 'zsh, in ~/.zshrc: eval "$(sifstage completion zsh)"', command: '<%= config.bin %> completion zsh'},
    {
      description: 'fish: sifstage completion fish > ~/.config/fish/completions/sifstage.fish',
      command: '<%= config.bin %> completion fish',
    },
  ]
  static override args = {
    shell: Args.string({description: 'which shell', required: true, options: ['bash', 'zsh', 'fish']}),
  }

  override async run(): Promise<void> {
    const {args} = await this.parse(Completion)
    const {completionScript} = await import('../cli/completion-scripts.js')
    await this.carryOut(false, undefined, this.failedDocument, async () => completionScript(args.shell))
  }
}
