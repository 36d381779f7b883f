import type {Check} from '../model/check.js'
import {contextSources} from './context-sources.js'
import {diagnostic, quoted} from './finding.js'

export const contextPathOutside: Check = {
  name: 'context-path-outside',
  severity: 'error',
  summary: 'A path that is to be copied leads out of the build context through a link.',
  why: 'Nothing outside the build context can be copied, whatever links in it say; an absolute link counts as outside (K93).',
  bad: [
    {format: 'dockerfile', text: 'FROM alpine\nCOPY link /x\n', files: {'link@': '/etc/hostname'}},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY a/link/x /x\n', files: {'a/link@': '../..'}},
  ],
  good: [
    {format: 'dockerfile', text: 'FROM alpine\nCOPY a/link /x\n', files: {'a/link@': '../b', b: ''}},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY a /x\n', files: {'a/link@': '/etc/hostname'}},
  ],
  find: (description, scene) =>
    contextSources(description, scene).flatMap(({stage, source, text, outcome}) => {
      if (outcome.kind !== 'outside') return []
      return diagnostic(contextPathOutside, {
        span: source.span,
        stage,
        message: `${quoted(text)} cannot be copied: the link ${quoted(outcome.link)} leads out of the build context, to ${quoted(outcome.text)}.`,
        hint: 'Put the file itself into the context, or choose a folder that holds both with --context.',
      })
    }),
}
