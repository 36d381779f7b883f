import type {Check} from '../model/check.js'
import {neededStages} from '../plan/graph.js'
import {diagnostic, lineOf, quoted, stageReferences} from './finding.js'

export const copyFromLaterStage: Check = {
  name: 'copy-from-later-stage',
  severity: 'error',
  summary: 'A stage copies from a stage that comes after it in the file.',
  why: 'A definition file and a Dockerfile are built from top to bottom. Apptainer does not check the order: it looks into an empty folder and says, after everything before was built, "no source files found" or "no such file or directory" (D47). In YAML the order of stages is free.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: final\n%files from compiler\n  /root/hello /bin/hello\n\nBootstrap: docker\nFrom: alpine\nStage: compiler\n%post\n  touch /root/hello\n',
    },
    {format: 'dockerfile', text: 'FROM alpine AS final\nCOPY --from=compiler /hello /bin/hello\nFROM alpine AS compiler\n'},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY --from=1 /hello /bin/hello\nFROM alpine\n'},
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: compiler\n%post\n  touch /root/hello\n\nBootstrap: docker\nFrom: alpine\nStage: final\n%files from compiler\n  /root/hello /bin/hello\n',
    },
    {
      format: 'yaml',
      text: 'sifstage: 1\nstages:\n  final:\n    from: alpine\n    steps:\n      - {copy: /hello, from: compiler, to: /bin/}\n  compiler: {from: alpine}\ntarget: final\n',
    },
  ],
  find(description) {
    if (description.format === 'yaml') return []
    return [...stageReferences(description)].flatMap(({stage, from}) => {
      const later = from.index === undefined || from.index <= stage.index ? undefined : description.stages[from.index]
      if (later === undefined) return []
      const around = neededStages(description, later.index).includes(stage.index)
      return diagnostic(copyFromLaterStage, {
        span: from.span,
        stage,
        message: `Stage ${quoted(stage.name)} copies from stage ${quoted(later.name)}, which comes after it, at ${lineOf(later.nameSpan)}: stages are built from top to bottom, so there is nothing to copy yet.`,
        hint: around
          ? `Moving it does not help, since ${quoted(later.name)} itself needs ${quoted(stage.name)}: one of the two has to do without the other.`
          : `Move stage ${quoted(later.name)} above stage ${quoted(stage.name)}.`,
      })
    })
  },
}
