import {chainOf} from '../../language/stages.js'
import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {has} from '../arguments.js'
import {familyOf} from '../bases.js'
import {diagnostic} from '../finding.js'
import {commandSpan, type RanStep, stageScript} from '../scripts.js'

const manager = /^(apt-get|apt|aptitude)$/

export const aptListsMissing: Check = {
  name: 'apt-lists-missing',
  severity: 'warning',
  summary: 'Packages are installed with apt-get where there are no package lists.',
  why: 'The images of Debian and Ubuntu come without package lists, and rm -rf /var/lib/apt/lists/* takes them away again: until the next apt-get update, apt-get install finds no package.',
  bad: [
    {format: 'dockerfile', text: 'FROM debian:12\nRUN apt-get install -y gcc\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: ubuntu:22.04\n%post\n  apt-get update && apt-get install -y gcc\n  rm -rf /var/lib/apt/lists/*\n  apt-get install -y make\n',
    },
  ],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12 AS a\nRUN apt-get update\nFROM a\nRUN apt-get install -y gcc\n'},
    {format: 'dockerfile', text: 'FROM lab/base:1\nRUN apt-get install -y gcc\n'},
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN sh prepare.sh && apt-get install -y gcc\nRUN apt-get install -y /tmp/tool.deb\n',
    },
  ],
  find: description =>
    description.stages.flatMap(stage => {
      const family = familyOf(description, stage)
      const plain = family.plain && family.packages === 'apt'
      let lists: 'none' | 'removed' | 'there' = plain ? 'none' : 'there'
      const chain = chainOf(description, stage)
      if (chain.length > 50) return []
      for (const each of chain) {
        for (const step of stageScript(description, each).steps) {
          if (step.kind === 'other') {
            if (step.step.kind === 'copy') lists = 'there'
            continue
          }
          if (step.step.where === 'host' || !step.readable || mountsLists(step)) {
            lists = 'there'
            continue
          }
          for (const ran of step.ran) {
            const {program, argv, certain} = ran
            if (program !== undefined && manager.test(program)) {
              if (has(argv, /^update$/)) lists = 'there'
              if (lists === 'there' || each !== stage || !has(argv, /^install$/)) continue
              if (argv.some(word => word.value === undefined || /[/]|\.deb$/.test(word.value)) || !certain) continue
              return diagnostic(aptListsMissing, {
                span: commandSpan(step, ran),
                stage,
                message:
                  lists === 'none'
                    ? `There are no package lists yet: the base ${JSON.stringify(family.name)} comes without, and no apt-get update runs before this.`
                    : 'An earlier command removed the package lists, and no apt-get update runs in between.',
                hint: 'Run apt-get update before it, in the same step.',
              })
            }
            if (program === 'rm' && certain && has(argv, /^\/var\/lib\/apt\/lists/)) lists = 'removed'
            else if (
              program === undefined ||
              /^(sh|bash|make|ansible.*|\.|source|eval|python3?|install_.*|.*\.sh)$/.test(program)
            )
              lists = 'there'
          }
        }
      }
      return []
    }),
}

function mountsLists({step}: RanStep): boolean {
  return (step.mounts ?? []).some(mount => mount.kind === 'cache' && (plainText(mount.target) ?? '/var/').startsWith('/var/'))
}
