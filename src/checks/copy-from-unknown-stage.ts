import {nearest} from '../language/distance.js'
import type {Check} from '../model/check.js'
import type {Description} from '../model/description.js'
import {diagnostic, listed, quoted, type StageCopy, stageReferences} from './finding.js'

export const copyFromUnknownStage: Check = {
  name: 'copy-from-unknown-stage',
  severity: 'error',
  summary: 'A copy names a stage that does not exist.',
  why: 'Apptainer notices only when the copying stage starts, after all stages before it were built (D46). Docker takes an unknown name for an image and asks a registry for it (K71).',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: compiler\n\nBootstrap: docker\nFrom: alpine\n%files from compilr\n  /hello /bin/hello\n',
    },
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\n\nBootstrap: docker\nFrom: alpine\n%files from 0\n  /hello /bin/hello\n',
    },
    {format: 'dockerfile', text: 'FROM alpine AS compiler\nFROM alpine\nCOPY --from=compilre /hello /bin/hello\n'},
    {format: 'dockerfile', text: 'FROM alpine\nFROM alpine\nCOPY --from=7 /hello /bin/hello\n'},
    {
      format: 'yaml',
      text: 'sifstage: 1\nstages:\n  compiler: {from: alpine}\n  final:\n    from: alpine\n    steps:\n      - {copy: /hello, from: compilr, to: /bin/}\n',
    },
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: compiler\n\nBootstrap: docker\nFrom: alpine\n%files from compiler\n  /hello /bin/hello\n',
    },
    {format: 'dockerfile', text: 'FROM alpine AS Compiler\nFROM alpine\nCOPY --from=compiler /hello /bin/hello\n'},
    {format: 'dockerfile', text: 'FROM alpine\nFROM alpine\nCOPY --from=0 /hello /bin/hello\n'},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY --from=busybox /bin/busybox /bin/\n'},
  ],
  find: description =>
    [...stageReferences(description)]
      .filter(({from}) => from.index === undefined)
      .map(copy =>
        diagnostic(copyFromUnknownStage, {
          span: copy.from.span,
          stage: copy.stage,
          message: `Stage ${quoted(copy.stage.name)} copies from ${quoted(copy.from.name)}, and there is no such stage.`,
          hint: whatIsMeant(description, copy),
        }),
      ),
}

function whatIsMeant(description: Description, {stage, from}: StageCopy): string {
  const names = description.stages.filter(other => other.named && other !== stage).map(other => other.name)
  const near = nearest(from.name, names) ?? names.find(name => name.toLowerCase() === from.name.toLowerCase())
  if (near !== undefined) return `Did you mean ${quoted(near)}?`
  if (/^\d+$/.test(from.name)) {
    const last = description.stages.length - 1
    return description.format === 'dockerfile'
      ? `Stages are counted from 0; the last one is ${last}.`
      : 'Stages go by name here: give that stage a name, and copy from the name.'
  }
  return names.length === 0 ? 'No other stage has a name: give that stage one.' : `The stages are called ${listed(names)}.`
}
