// What a person waits for before anything happens: start-up, and the verbs that only read.
import {join} from 'node:path'
import {measure, table} from './measure.mjs'

export function startup({root, node, rounds}) {
  const sifstage = join(root, 'bin/sifstage')
  const commands = [
    {name: '`node -e 0`', argv: [node, '-e', '0']},
    {name: '`sifstage --version`', argv: [sifstage, '--version']},
    {
      name: '`sifstage check examples/lab3/lab3.def --context examples/lab3`',
      argv: [sifstage, 'check', 'examples/lab3/lab3.def', '--context', 'examples/lab3'],
    },
    {name: '`sifstage check examples/web/stages.yaml`', argv: [sifstage, 'check', 'examples/web/stages.yaml']},
    {
      name: '`sifstage plan examples/lab3/lab3.def --context examples/lab3`',
      argv: [sifstage, 'plan', 'examples/lab3/lab3.def', '--context', 'examples/lab3'],
    },
    {
      name: '`sifstage convert examples/helloworld/Dockerfile --to def`',
      argv: [sifstage, 'convert', 'examples/helloworld/Dockerfile', '--to', 'def'],
    },
  ]
  return table(
    'Start-up, check, plan, convert',
    measure(
      commands.map(each => ({...each, cwd: root})),
      {rounds, warm: true},
    ),
  )
}
