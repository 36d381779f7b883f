import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'
import {SifstageCommand} from '../cli/command.js'
import {optionsOf} from '../cli/flags.js'

export default class Import extends SifstageCommand {
  static override summary = 'Make one description of files that build on each other.'
  static override description =
    'Each file becomes a stage. Where its FROM, ARG BASE_IMAGE, COPY --from or localimage names what another file makes, the two are linked. What a file makes is known by --tag, else by a build script or makefile beside it, which is read and never run, else by the name of its folder or its own: deps/boost/Dockerfile, Dockerfile.boost and boost.def make boost. What is assumed is said, also as a comment in the description; an image that no file makes stays one. docs/import.md tells more.'
  static override examples = [
    {
      description: 'A chain: build environment, dependencies, project, product',
      command: '<%= config.bin %> import examples/chain -o examples/chain/stages.yaml',
    },
    {
      description: 'The builder pattern: what the second Dockerfile copies from the host is taken from the first',
      command:
        '<%= config.bin %> import examples/builder-pattern --copy build:/src/app=app -o examples/builder-pattern/stages.yaml',
    },
    {
      description: 'Two files, on standard output',
      command:
        '<%= config.bin %> import examples/chain/environment/Dockerfile examples/chain/deps/text/Dockerfile --tag examples/chain/environment/Dockerfile=chain/environment:1',
    },
  ]
  static override args = {
    input: Args.string({description: 'folders and files; default: the current folder', required: false}),
  }
  // More of them follow the first.
  static override strict = false
  static override flags = {
    output: Flags.string({
      char: 'o',
      description: 'file to write, whole or not at all (default: standard output); paths in it start at its folder',
      helpValue: 'FILE',
    }),
    tag: Flags.string({
      description: 'FILE makes the image NAME, whatever anything else says; may be repeated',
      helpValue: 'FILE=NAME',
      multiple: true,
      // Folders and files may follow.
      multipleNonGreedy: true,
    }),
    copy: Flags.string({
      description: 'a path that another Dockerfile copies from the host is made by STAGE; may be repeated',
      helpValue: 'STAGE:PATH-IN-IMAGE=PATH-IN-CONTEXT',
      multiple: true,
      multipleNonGreedy: true,
    }),
    'build-arg': Flags.string({
      description: 'value for a build argument of all files that ask for it; K alone takes it from the environment',
      helpValue: 'K=V',
      multiple: true,
      multipleNonGreedy: true,
    }),
    force: Flags.boolean({char: 'F', description: 'replace a file that import did not write'}),
    json: Flags.boolean({description: 'print the result as JSON'}),
  }

  override async run(): Promise<void> {
    const {argv, flags} = await this.parse(Import)
    const named = argv.map(String)
    const {failedImportDocument, runImport} = await import('../cli/import.js')
    await this.carryOut(flags.json, named[0], failedImportDocument(named), () => runImport(named, optionsOf(flags), this.colour))
  }
}
