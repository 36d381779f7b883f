import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {scriptSpan, scriptsNamed} from '../definition/sections.js'
import {diagnostic} from '../finding.js'

export const pathReplaced: Check = {
  name: 'path-replaced',
  severity: 'warning',
  summary: 'PATH or LD_LIBRARY_PATH is set without its old value.',
  why: 'What the base had in it is gone: in a Dockerfile the shell of the next RUN finds no ls any more when /usr/bin and /bin are missing. Apptainer adds the standard folders again when the image runs (D66), but not those of the base (/opt/conda/bin, /usr/local/cuda/bin).',
  bad: [
    {format: 'dockerfile', text: 'FROM debian:12\nENV PATH=/opt/tool/bin\nRUN ls\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export LD_LIBRARY_PATH=/opt/tool/lib\n'},
  ],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12\nENV PATH=/opt/tool/bin:$PATH\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nENV PATH=/opt/bin:/usr/local/bin:/usr/bin:/bin LD_LIBRARY_PATH=/opt/lib\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export PATH=/opt/tool/bin:$PATH LD_LIBRARY_PATH=/opt/tool/lib:${LD_LIBRARY_PATH:-}\n',
    },
  ],
  find: description => [
    ...description.stages.flatMap(stage =>
      stage.steps.flatMap(step => {
        if (step.kind !== 'env') return []
        return step.variables.flatMap(({name, value}) => {
          const text = plainText(value)
          // LD_LIBRARY_PATH is empty in most bases, and a Dockerfile's ENV is for the steps below as well.
          if (name !== 'PATH' || text === undefined || /(^|:)(\/usr)?\/bin(:|$)/.test(text)) return []
          return diagnostic(pathReplaced, {
            span: step.span,
            stage,
            message: 'Neither /usr/bin nor /bin is in this PATH: commands of later steps are not found.',
            hint: `Write PATH=${text}:$PATH.`,
          })
        })
      }),
    ),
    ...[...scriptsNamed(description, 'environment')].flatMap(script => {
      const set = new Set<string>()
      return script.ran.flatMap(({program, argv, assigned, command}) => {
        const exports =
          program !== 'export'
            ? []
            : argv.slice(1).map((each, at) => ({
                name: each.raw.split('=')[0] ?? '',
                from: each.from,
                to: each.to,
                word: command.words[at + 1],
              }))
        const plain = assigned.map((each, at) => ({
          name: each.name,
          from: each.from,
          to: command.assignments[at]?.value.to ?? each.from,
          word: command.assignments[at]?.value,
        }))
        return [...exports, ...plain].flatMap(({name, from, to, word}) => {
          if (!/^(PATH|LD_LIBRARY_PATH)$/.test(name) || word === undefined || set.has(name)) return []
          const raw = script.script.text.slice(from, to)
          if (!raw.includes('=')) return []
          set.add(name)
          if (/[$`]/.test(raw)) return []
          return diagnostic(
            {...pathReplaced, severity: 'info'},
            {
              span: scriptSpan(script, {from, to}),
              stage: script.stage,
              message: `This takes the place of what the base has in ${name}.`,
              hint: `Write ${name}=${raw.slice(raw.indexOf('=') + 1)}:$${name}, or leave it if that is meant.`,
            },
          )
        })
      })
    }),
  ],
}
