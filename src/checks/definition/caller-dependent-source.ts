import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {diagnostic, quoted} from '../finding.js'

export const callerDependentSource: Check = {
  name: 'caller-dependent-source',
  severity: 'info',
  summary: 'A %files source depends on who builds: it starts at ~ or a variable of the environment.',
  why: 'Apptainer 1.1 to 1.5 fill in ~ and $NAME from the environment of whoever builds; SingularityCE and Apptainer 1.6 read them otherwise (D87, D163). Another person, or the same one under sudo, copies another file or none.',
  bad: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%files\n  $DATA_DIR/genome.fa /data/genome.fa\n'}],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%files\n  data/genome.fa /data/genome.fa\n  "price\\$1" /x\n'},
  ],
  find: description =>
    description.stages.flatMap(stage =>
      stage.steps.flatMap(step => {
        if (step.kind !== 'copy' || step.rules !== 'def' || step.from.kind !== 'context') return []
        return step.sources.flatMap(source => {
          const text = plainText(source.path)
          if (text === undefined || !/^~(\/|$)|(^|[^\\])\$[A-Za-z_{]/.test(text)) return []
          return diagnostic(callerDependentSource, {
            span: source.span,
            stage,
            message: `${quoted(text)} names another file for everybody who builds this.`,
            hint: 'Name the file from the folder of the build, or make it a build argument: {{ NAME }}.',
          })
        })
      }),
    ),
}
