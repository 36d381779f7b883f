import {writeFileSync} from 'node:fs'
import {it} from 'vitest'
import {corpus, findingsOf} from './corpus.js'

it('prints', () => {
  const out: string[] = []
  for (const each of corpus()) {
    const lines = each.text.split('\n')
    for (const f of findingsOf(each)) {
      if (f.rule.startsWith('context-path') || f.rule === 'unused-stage') continue
      out.push(
        `${f.rule}\t${f.severity}\t${each.name.replace('test/', '')}:${f.span.start.line}:${f.span.start.column}\t${f.message.slice(0, 230)}\t| ${lines[f.span.start.line - 1]?.trim().slice(0, 110)}`,
      )
    }
  }
  writeFileSync('/tmp/findings.tsv', out.sort().join('\n'))
})
