import {chainOf} from '../../language/stages.js'
import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {resolveTarget} from '../../plan/graph.js'
import {scriptSpan, scriptsNamed} from '../definition/sections.js'
import {diagnostic, quoted} from '../finding.js'
import {stageScript} from '../scripts.js'

const below = /(^|[:=])(\/root\/[^:\s"']+)/

export const underRootHome: Check = {
  name: 'under-root-home',
  severity: 'warning',
  summary: 'The image starts a program or reads a folder below /root, where only root may look.',
  why: 'An image of Apptainer runs as the person who calls it (D117), and /root is mode 0700 in most bases: what lies there cannot be read. Install below /opt or /usr/local.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export PATH=/root/miniconda/bin:$PATH\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  exec /root/tool/run "$@"\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nENV PATH=/root/.cargo/bin:$PATH\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%environment\n  export PATH=/opt/miniconda/bin:$PATH\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  chmod -R a+rX /root\n%runscript\n  exec /root/tool/run "$@"\n',
    },
    {format: 'dockerfile', text: 'FROM debian:12 AS build\nENV PATH=/root/.cargo/bin:$PATH\nFROM debian:12\n'},
  ],
  find(description, scene) {
    const target = resolveTarget(description, scene.target)
    if (target.kind === 'unknown') return []
    const chain = chainOf(description, target.stage)
    if (chain.length > 50) return []
    const opened = chain.some(stage =>
      stageScript(description, stage).steps.some(
        step =>
          step.kind === 'run' &&
          step.ran.some(
            ({program, argv}) =>
              /^(chmod|setfacl)$/.test(program ?? '') && argv.some(each => /^\/root(\/|$)/.test(each.value ?? '')),
          ),
      ),
    )
    if (opened) return []
    const hint = 'Put it below /opt or /usr/local.'
    const message = (path: string) => `${quoted(path)} cannot be read by those who run the image: /root is for root alone.`
    return chain.flatMap(stage => [
      ...stage.steps.flatMap(step => {
        if (step.kind !== 'env') return []
        return step.variables.flatMap(({name, value}) => {
          const path = below.exec(plainText(value) ?? value.filter(part => typeof part === 'string').join(''))?.[2]
          if (path === undefined || !/PATH$|_HOME$|_DIR$/.test(name)) return []
          return diagnostic(underRootHome, {span: step.span, stage, message: message(path), hint})
        })
      }),
      ...(stage.settings.entrypoint === undefined ? [] : [stage.settings.entrypoint]).flatMap(({value, span}) => {
        const first = value.kind === 'exec' ? value.argv[0] : undefined
        if (first === undefined || !first.startsWith('/root/')) return []
        return diagnostic(underRootHome, {span, stage, message: message(first), hint})
      }),
      ...[...scriptsNamed(description, 'runscript', 'startscript', 'environment')]
        .filter(script => script.stage === stage)
        .flatMap(script => {
          for (const {argv, assigned, command} of script.ran) {
            const words = [
              ...argv,
              ...assigned.map((each, at) => ({
                raw: script.script.text.slice(each.from, command.assignments[at]?.value.to),
                from: each.from,
                to: command.assignments[at]?.value.to ?? each.from,
              })),
            ]
            for (const word of words) {
              const path = below.exec(word.raw.slice(0, 1000))?.[2]
              if (path !== undefined)
                return [diagnostic(underRootHome, {span: scriptSpan(script, word), stage, message: message(path), hint})]
            }
          }
          return []
        }),
    ])
  },
}
