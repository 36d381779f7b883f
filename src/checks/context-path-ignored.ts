import type {Check} from '../model/check.js'
import {contextSources} from './context-sources.js'
import {diagnostic, quoted} from './finding.js'

export const contextPathIgnored: Check = {
  name: 'context-path-ignored',
  severity: 'error',
  summary: 'A file that is to be copied is hidden by .dockerignore.',
  why: 'What .dockerignore hides is not part of the build context, so the copy finds nothing (K87). Its patterns start at the root of the context and the last one that matches decides, unlike those of .gitignore (K108, K109).',
  bad: [
    {format: 'dockerfile', text: 'FROM alpine\nCOPY app.log /\n', files: {'app.log': '', '.dockerignore': '# logs\n*.log\n'}},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY dist/ /app/\n', files: {'dist/a.js': '', '.dockerignore': 'dist\n'}},
    {
      format: 'dockerfile',
      text: 'FROM alpine\nCOPY link /x\n',
      files: {secret: '', 'link@': 'secret', '.dockerignore': 'secret\n'},
    },
  ],
  good: [
    {format: 'dockerfile', text: 'FROM alpine\nCOPY a.log /\n', files: {'a.log': '', '.dockerignore': '*.log\n!a.log\n'}},
    {
      format: 'dockerfile',
      text: 'FROM alpine\nCOPY dist/ /app/\n',
      files: {'dist/a.js': '', '.dockerignore': 'dist\n!dist/*.js\n'},
    },
    {format: 'dockerfile', text: 'FROM alpine\nCOPY . /app/\n', files: {a: '', '.dockerignore': '*\n'}},
  ],
  find: (description, scene) =>
    contextSources(description, scene).flatMap(({stage, source, text, outcome}) => {
      if (outcome.kind !== 'ignored') return []
      const what = outcome.path === text ? quoted(text) : `${quoted(outcome.path)}, which ${quoted(text)} needs,`
      const line = outcome.line === undefined ? '' : ` line ${outcome.line}`
      const pattern = outcome.line === undefined ? undefined : scene.ignore?.text.split('\n')[outcome.line - 1]?.trim()
      return diagnostic(contextPathIgnored, {
        span: source.span,
        stage,
        message: `${what} is there, but${line} of ${quoted(scene.ignore?.file ?? '.dockerignore')} hides it${pattern === undefined ? '' : ` (${quoted(pattern)})`}.`,
        hint: `Change that line, or show the path again with ${quoted(`!${outcome.path}`)} below it.`,
      })
    }),
}
