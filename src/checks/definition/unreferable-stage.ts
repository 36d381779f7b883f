import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'

export const unreferableStage: Check = {
  name: 'unreferable-stage',
  severity: 'warning',
  summary: 'The name of a stage holds a blank, so no %files from can name it.',
  why: 'A section %files from takes a name of one word; with more words Apptainer ignores the whole section (D29, D44).',
  bad: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\nStage: my build\n\nBootstrap: docker\nFrom: alpine:3.20\n'}],
  good: [{format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\nStage: my-build\n\nBootstrap: docker\nFrom: alpine:3.20\n'}],
  find: description =>
    description.stages
      .filter(
        stage => stage.rules === 'def' && stage.named && /\s/.test(stage.name) && stage.index < description.stages.length - 1,
      )
      .map(stage =>
        diagnostic(unreferableStage, {
          span: stage.nameSpan,
          stage,
          message: `No later stage can copy from ${quoted(stage.name)}, since its name holds a blank.`,
          hint: `Call it ${quoted(stage.name.trim().replaceAll(/\s+/g, '-'))}.`,
        }),
      ),
}
