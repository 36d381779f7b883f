import type {Check} from '../model/check.js'
import {diagnostic, quoted, stageReferences} from './finding.js'

export const copyFromSelf: Check = {
  name: 'copy-from-self',
  severity: 'error',
  summary: 'A stage copies from itself.',
  why: 'A stage is there to copy from when it is finished. Docker calls it a circular dependency (K73); Apptainer copies inside the half-made image, which works or not by accident (D47).',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\nStage: me\n%files from me\n  /etc/passwd /x\n'},
    {format: 'dockerfile', text: 'FROM alpine AS me\nCOPY --from=ME /etc/passwd /x\n'},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY --from=0 /etc/passwd /x\n'},
    {
      format: 'yaml',
      text: 'sifstage: 1\nstages:\n  me:\n    from: alpine\n    steps:\n      - {copy: /etc/passwd, from: me, to: /x}\n',
    },
  ],
  good: [{format: 'dockerfile', text: 'FROM alpine AS me\nFROM alpine\nCOPY --from=me /etc/passwd /x\n'}],
  find: description =>
    [...stageReferences(description)]
      .filter(({stage, from}) => from.index === stage.index)
      .map(({stage, from}) =>
        diagnostic(copyFromSelf, {
          span: from.span,
          stage,
          message: `Stage ${quoted(stage.name)} copies from itself, while it is being built.`,
          hint:
            stage.rules === 'def'
              ? 'Copy or move the file in %post.'
              : 'Copy or move the file with a run step, or take it from the stage that makes it.',
        }),
      ),
}
