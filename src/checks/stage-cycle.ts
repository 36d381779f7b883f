import type {Check} from '../model/check.js'
import {type Cycle, findCycles} from '../plan/graph.js'
import {diagnostic, lineOf, quoted} from './finding.js'

export const stageCycle: Check = {
  name: 'stage-cycle',
  severity: 'error',
  summary: 'Stages need each other in a circle.',
  why: 'None of them can be built first.',
  bad: [
    {
      format: 'yaml',
      text: 'sifstage: 1\nstages:\n  a:\n    from: alpine\n    steps:\n      - {copy: /x, from: b, to: /}\n  b:\n    from: {stage: a}\n',
    },
    {format: 'yaml', text: 'sifstage: 1\nstages:\n  a:\n    from: {stage: a}\n'},
    {format: 'dockerfile', text: 'FROM alpine AS a\nCOPY --from=b /x /\nFROM a AS b\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\nStage: a\n%files from b\n  /x /x\n\nBootstrap: docker\nFrom: alpine\nStage: b\n%files from a\n  /x /x\n',
    },
  ],
  good: [
    {
      format: 'yaml',
      text: 'sifstage: 1\nstages:\n  c:\n    from: {stage: a}\n    steps:\n      - {copy: /x, from: b, to: /}\n  b:\n    from: {stage: a}\n  a: {from: alpine}\ntarget: c\n',
    },
  ],
  find: description =>
    findCycles(description).flatMap(cycle => {
      const first = cycle[0]
      if (first === undefined) return []
      return diagnostic(stageCycle, {
        span: first.need.span,
        stage: first.stage,
        message:
          cycle.length === 1
            ? `Stage ${quoted(first.stage.name)} starts from itself.`
            : `These stages need each other in a circle, so none can be built first: ${wayRound(cycle)}.`,
        hint:
          cycle.length === 1
            ? 'Start it from an image or from another stage.'
            : 'Break the circle: let one of them do without the next.',
      })
    }),
}

/** `"a" needs "b" (line 3), which needs "a" (line 7)`. */
function wayRound(cycle: Cycle): string {
  const parts = cycle.map(({stage, need}, i) => {
    const next = cycle[(i + 1) % cycle.length]?.stage ?? stage
    return `${i === 0 ? `${quoted(stage.name)} needs` : 'which needs'} ${quoted(next.name)} (${lineOf(need.span)})`
  })
  if (parts.length > 20) parts.splice(10, parts.length - 15, `${parts.length - 15} more between`)
  return parts.join(', ')
}
