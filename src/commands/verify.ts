import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inGroups, optionsOf} from '../cli/flags.js'

export default class Verify extends SifstageCommand {
  static override summary = 'Verify the artifacts of a stage against an image that exists.'
  static override description =
    'Every path that a later stage copies from the stage is looked for in the image, and its programs are judged by the image that they go to, whose base is read for that (--base puts another in its place). The image is a sandbox folder, a .sif or squashfs file, an OCI layout (folder, folder:tag, folder@digest), an oci or docker archive (also compressed), docker://REF, docker-daemon:NAME, containers-storage:NAME. oci:, oci-archive: and docker-archive: before a path say what it has to be.'
  static override examples = [
    {
      description: 'Does this image have what the later stages copy?',
      command: '<%= config.bin %> verify examples/lab3/lab3.def --context examples/lab3 --stage compiler compiler.sif',
    },
    {
      description: 'The same of an image that Docker built.',
      command: '<%= config.bin %> verify examples/helloworld/Dockerfile --stage compile-image docker-daemon:helloworld-compile',
    },
    {
      description: 'The same of one that a registry has.',
      command:
        '<%= config.bin %> verify examples/helloworld/Dockerfile --stage compile-image docker://localhost:5000/helloworld/compile:1.2',
    },
  ]
  static override args = {
    input: Args.string({description: 'description (YAML), Dockerfile or definition file; - is standard input', required: true}),
    image: Args.string({description: 'the image of the stage: a path, or a name with its prefix', required: true}),
  }
  static override flags = inGroups({
    ...everywhere,
    ...building,
    stage: Flags.string({
      description: 'the stage that the image is of: a name, or its number from 0',
      helpValue: 'STAGE',
      required: true,
    }),
    'against-host': Flags.boolean({description: 'warn where the image does not suit this machine'}),
  })

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Verify)
    const {failedVerifyDocument, runVerify} = await import('../cli/verify.js')
    await this.carryOut(flags.json, args.input, failedVerifyDocument(flags, args.image), signal =>
      runVerify(args.input, args.image, optionsOf(flags), this.colour, signal),
    )
  }
}
