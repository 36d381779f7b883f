import type {Check} from '../../model/check.js'
import {showTemplate} from '../../model/template.js'
import {diagnostic} from '../finding.js'
import {commandSpan, stageScript} from '../scripts.js'

export const noShellInScratch: Check = {
  name: 'no-shell-in-scratch',
  severity: 'warning',
  summary: 'A stage that starts from nothing runs a command, and has no shell to run it.',
  why: 'An image made from scratch is empty: there is no /bin/sh for %post or RUN (D61, K113). Copy a shell into the stage first, do the work in an earlier stage, or start from a small image such as alpine.',
  bad: [
    {format: 'def', text: 'Bootstrap: scratch\n%post\n  echo hello\n'},
    {format: 'dockerfile', text: 'FROM scratch\nCOPY tool /usr/bin/tool\nRUN tool --version\n', files: {tool: ''}},
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: busybox:1.36\nStage: a\n\nBootstrap: scratch\n%files from a\n  /bin /bin\n%post\n  echo hello\n',
    },
    {format: 'def', text: 'Bootstrap: scratch\n%setup\n  tar xf root.tar -C $APPTAINER_ROOTFS\n%post\n  echo hello\n'},
    {format: 'dockerfile', text: 'FROM scratch\nADD root.tar /\nRUN echo hello\n', files: {'root.tar': ''}},
  ],
  find: description =>
    description.stages.flatMap(stage => {
      if (stage.base.kind !== 'scratch') return []
      for (const step of stageScript(description, stage).steps) {
        if (step.kind === 'run') {
          if (step.step.where === 'host') return []
          if (step.step.command.kind === 'exec' || (step.step.mounts ?? []).length > 0) return []
          const [first] = step.ran
          return diagnostic(noShellInScratch, {
            span: first === undefined ? step.step.span : commandSpan(step, first),
            stage,
            message: 'Nothing can run here: the stage starts from nothing, and no step before this one brings a shell.',
            hint: 'Do this in an earlier stage, or start from an image that has a shell.',
          })
        }
        if (step.step.kind !== 'copy') continue
        const where = step.step.destination === undefined ? '/' : showTemplate(step.step.destination.path)
        const sources = step.step.sources.map(source => showTemplate(source.path))
        // Whatever goes to the root or the folders of programs may hold one.
        if (/^\/?\.?$|^\/?(usr\/?)?(bin\/?|bin\/(sh|busybox))?$/.test(where) || sources.includes('/')) return []
      }
      return []
    }),
}
