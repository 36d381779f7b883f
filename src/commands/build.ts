import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {building, everywhere, inGroups, inputArgument, optionsOf} from '../cli/flags.js'

export default class Build extends SifstageCommand {
  static override summary = 'Check, build stage by stage, verify after each, write the image.'
  static override description =
    `Nothing is built if a check fails. Each stage runs alone; every path that a later stage copies from it is verified in its image before that stage starts. What has not changed is taken from the store.

OUT ending in .sif is an image, in / a sandbox folder, in .oci.tar or .docker.tar an archive that docker, podman and buildah load; docker-daemon:NAME and containers-storage:NAME put the image there under that name. Files are written beside their place and renamed: a failed build leaves them as they were.`
  static override examples = [
    {
      description: 'Build the image of a definition file',
      command: '<%= config.bin %> build examples/lab3/lab3.def --context examples/lab3 -o lab3.sif',
    },
    {
      description: 'Start from a local copy of a base',
      command: '<%= config.bin %> build examples/lab3/lab3.def --context examples/lab3 --base docker://gcc:12=./gcc.sif',
    },
    {
      description: 'Take stages from the store of the group, and hand on those that are built',
      command:
        '<%= config.bin %> build examples/helloworld/Dockerfile --store-from oras://localhost:5000/team/stages --store-to oras://localhost:5000/team/stages',
    },
    {
      description: "Put the image into Docker's daemon",
      command: '<%= config.bin %> build examples/helloworld/Dockerfile -o docker-daemon:helloworld',
    },
    {
      description: 'Build the stages with Docker, into its daemon, and share them by a registry',
      command:
        '<%= config.bin %> build examples/helloworld/Dockerfile --engine docker -o docker-daemon:app --cache-from localhost:5000/app/stages --cache-to localhost:5000/app/stages',
    },
    {
      description: 'Keep a page about the build, for an artifact of a CI job',
      command: '<%= config.bin %> build examples/lab3/lab3.def --context examples/lab3 --report lab3.html',
    },
    {
      description: 'Show the files and commands only',
      command: '<%= config.bin %> build examples/lab3/lab3.def --context examples/lab3 --dry-run',
    },
  ]
  static override args = inputArgument
  static override flags = inGroups({
    ...everywhere,
    ...building,
    output: Flags.string({char: 'o', description: "what to write (default: the input's name with .sif, here)", helpValue: 'OUT'}),
    jobs: Flags.integer({char: 'j', helpValue: 'N', description: 'stages that run side by side', min: 1, env: 'SIFSTAGE_JOBS'}),
    'store-to': Flags.string({
      description: 'send what is built there too: a folder, or a registry (signed: sifstage cache key)',
      helpValue: 'DIR|oras://HOST/REPO',
    }),
    'cache-from': Flags.string({
      description: "docker, podman, buildah: take stages' images, and layers, from a repository; may be repeated",
      helpValue: 'REPOSITORY',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'cache-to': Flags.string({
      description: "docker, podman, buildah: push stages' images there; type=registry,ref=REPOSITORY,mode=max: all layers too",
      helpValue: 'REPOSITORY',
    }),
    'mksquashfs-args': Flags.string({description: 'arguments for packing OUT', helpValue: 'ARGS'}),
    'on-failure': Flags.option({options: ['clean', 'keep'] as const})({
      description: 'keep the tree of a failed stage for `sifstage shell`',
      default: 'clean',
    }),
    checkpoints: Flags.option({options: ['auto', 'always', 'off'] as const})({
      description: 'points inside stages of Dockerfiles and YAML: kept when worth it, after each step, never',
      default: 'auto',
    }),
    'keep-going': Flags.boolean({description: 'after a failure, go on with stages that do not depend on it'}),
    secret: Flags.string({
      description: 'secret that commands may see while they run, as /run/secrets/NAME; never in the image',
      helpValue: 'id=NAME,src=FILE|env=VAR',
      multiple: true,
      multipleNonGreedy: true,
    }),
    sign: Flags.boolean({description: 'sign OUT (not in this version: refused)'}),
    'dry-run': Flags.boolean({description: 'print the files and commands; run nothing'}),
    'metadata-file': Flags.string({description: 'write the JSON result to a file too', helpValue: 'FILE'}),
    report: Flags.string({
      description: 'write a page about the build too, however it went: sifstage report --html',
      helpValue: 'FILE.html',
    }),
    progress: Flags.option({options: ['auto', 'tty', 'plain', 'json'] as const})({
      description:
        'how progress is told, on standard error: drawn on a terminal, plain lines in a log, one JSON event a line; SIGUSR1 prints a status line',
      default: 'auto',
    }),
    force: Flags.boolean({char: 'F', description: 'replace OUT whatever it is'}),
  })

  override async run(): Promise<void> {
    const {args, flags} = await this.parse(Build)
    const {failedBuildDocument} = await import('../cli/build.js')
    const {runBuildWithReport} = await import('../cli/build-report.js')
    const {openWatch, progressMode} = await import('../cli/progress.js')
    const {palette} = await import('../reports/palette.js')
    const mode = progressMode(flags.progress, process.stderr.isTTY === true, process.env)
    const colours = palette(this.colour)
    const watch = await openWatch(mode, {stream: process.stderr, colours, env: process.env, now: () => Date.now()})
    // For good: without a handler the signal would end us.
    process.on('SIGUSR1', () => watch.status())
    const verb = (signal: AbortSignal) =>
      runBuildWithReport(args.input, optionsOf(flags), {sink: watch, signal, colour: this.colour}, this.config.version).finally(
        () => watch.close(),
      )
    await this.carryOut(flags.json, args.input, failedBuildDocument, verb, watch)
  }
}
