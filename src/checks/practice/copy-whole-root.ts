import type {Check} from '../../model/check.js'
import {showTemplate} from '../../model/template.js'
import {diagnostic, quoted} from '../finding.js'

export const copyWholeRoot: Check = {
  name: 'copy-whole-root',
  severity: 'info',
  summary: 'A stage copies all of another stage over a base of its own.',
  why: 'Two systems lie over each other then: libraries, package lists and users of one replace those of the other, and with %files from a link such as /lib of the base becomes a folder (D97), after which nothing may start. Copy what is needed, start from that stage (FROM), or start from scratch.',
  bad: [
    {format: 'dockerfile', text: 'FROM debian:12 AS build\nFROM alpine:3.20\nCOPY --from=build / /\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\nStage: build\n\nBootstrap: docker\nFrom: rockylinux:9\n%files from build\n  / /\n',
    },
  ],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12 AS build\nFROM scratch\nCOPY --from=build / /\n'},
    {
      format: 'dockerfile',
      text: 'FROM debian:12 AS build\nFROM alpine:3.20\nCOPY --from=build /opt /opt\nCOPY --from=build / /old\n',
    },
  ],
  find: description =>
    description.stages.flatMap(stage => {
      if (stage.base.kind === 'scratch') return []
      return stage.steps.flatMap(step => {
        if (step.kind !== 'copy' || (step.from.kind !== 'stage' && step.from.kind !== 'image') || (step.exclude ?? []).length > 0)
          return []
        const source = step.sources.find(each => showTemplate(each.path) === '/')
        const to = step.destination === undefined ? '/' : showTemplate(step.destination.path)
        if (source === undefined || to !== '/') return []
        return diagnostic(copyWholeRoot, {
          span: step.span,
          stage,
          message: `This lays a whole system over the base of ${quoted(stage.name)}: files of both get mixed.`,
          hint: 'Copy the folders that are needed, or start the stage from scratch.',
        })
      })
    }),
}
