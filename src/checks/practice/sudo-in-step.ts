import {chainOf} from '../../language/stages.js'
import type {Check} from '../../model/check.js'
import {showTemplate} from '../../model/template.js'
import {has} from '../arguments.js'
import {familyOf} from '../bases.js'
import {diagnostic} from '../finding.js'
import {commandSpan, stageScript} from '../scripts.js'

export const sudoInStep: Check = {
  name: 'sudo-in-step',
  severity: 'warning',
  summary: 'A step calls sudo, which a plain base does not have and a build does not need.',
  why: 'Steps run as root already (D67, unless USER says otherwise), and sudo is not part of distribution images: the command is not found.',
  bad: [{format: 'def', text: 'Bootstrap: docker\nFrom: ubuntu:22.04\n%post\n  sudo apt-get update\n'}],
  good: [
    {format: 'dockerfile', text: 'FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y sudo\nRUN sudo ls\n'},
    {format: 'dockerfile', text: 'FROM lab/base:1\nUSER me\nRUN sudo ls\n'},
  ],
  find: description =>
    description.stages.flatMap(stage => {
      const chain = chainOf(description, stage)
      if (chain.length > 50) return []
      let installed = false
      let user = 'root'
      const plain = familyOf(description, stage).plain
      for (const each of chain) {
        for (const step of stageScript(description, each).steps) {
          if (step.kind === 'other') {
            if (step.step.kind === 'user') user = showTemplate(step.step.user)
            if (step.step.kind === 'copy')
              installed ||= step.step.sources.some(source => /sudo|^\/$|^\/usr/.test(showTemplate(source.path)))
            continue
          }
          if (step.step.where === 'host') continue
          for (const ran of step.ran) {
            if (has(ran.argv.slice(1), /^sudo$/)) installed = true
            if (!ran.prefixes.includes('sudo') || installed || each !== stage) continue
            const asRoot = /^(root|0)(:|$)/.test(user)
            if (!asRoot && !plain) continue
            return diagnostic(
              {...sudoInStep, severity: plain ? 'warning' : 'info'},
              {
                span: commandSpan(step, ran),
                stage,
                message: plain
                  ? 'This base has no sudo, and nothing here installs it: the command is not found.'
                  : 'The step runs as root already; sudo may not even be there.',
                hint: 'Leave sudo out.',
              },
            )
          }
        }
      }
      return []
    }),
}
