import type {Check} from '../model/check.js'
import {contextSources} from './context-sources.js'
import {diagnostic, quoted} from './finding.js'

export const unsafeSource: Check = {
  name: 'unsafe-source',
  severity: 'error',
  summary: 'A %files source could run commands on the machine that builds, or has no fixed meaning.',
  why: 'Apptainer pastes the source into a shell on the host (D87): a command in it runs there. Other versions read the same text differently. sifstage copies only what a source names without running anything.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n%files\n  $(id) /x\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n%files\n  a;b /x\n'},
  ],
  good: [{format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n%files\n  "a\\;b" /x\n', files: {'a;b': ''}}],
  find: (description, scene) =>
    contextSources(description, scene).flatMap(({stage, step, source, text, outcome}) => {
      if (outcome.kind !== 'refused' || step.rules !== 'def') return []
      return diagnostic(unsafeSource, {
        span: source.span,
        stage,
        message: `The source ${quoted(text)} is not used: ${outcome.reason}.`,
        hint: 'Name the file itself; a backslash protects a character that the shell would take for its own.',
      })
    }),
}
