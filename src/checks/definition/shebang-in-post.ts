import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {argumentsOf, bodySpan, sectionsNamed} from './sections.js'

export const shebangInPost: Check = {
  name: 'shebang-in-post',
  severity: 'warning',
  summary: 'A #! line in %post, %setup or %pre has no effect: /bin/sh runs them.',
  why: 'These sections are always run by /bin/sh -ex (D22, D59, D60); the line is only a comment. Another shell is asked for with %post -c /bin/bash, which is run without -e: write set -e as well (D62).',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n#!/bin/bash\n  echo hello\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: python:3.12\n%post\n  #!/usr/bin/env python3\n  print("hello")\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post -c /bin/bash\n  set -e\n  echo hello\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n#!/bin/sh\n  echo hello\n'},
  ],
  find: description =>
    [...sectionsNamed(description, 'post', 'setup', 'pre')].flatMap(({stage, section}) => {
      const match = /^\s*(#!\s*(\S+)(?:[ \t]+(\S+))?[^\n]*)/.exec(section.body.slice(0, 2000))
      const named = match?.[2]?.endsWith('/env') ? match[3] : match?.[2]
      if (match?.[1] === undefined || named === undefined || /(^|\/)(sh|dash)$/.test(named)) return []
      if (argumentsOf(section).includes('-c')) return []
      const from = match.index + match[0].length - match[1].length
      const line = match[1].trimEnd()
      const shell = /(^|\/)(ba|k|z)sh$/.test(named)
      return diagnostic(
        {...shebangInPost, severity: shell ? 'info' : 'warning'},
        {
          span: bodySpan(section, from, from + line.length),
          stage,
          message: `${quoted(line)} is only a comment in %${section.name}: /bin/sh runs it.`,
          hint: `Write %${section.name} -c ${named}${shell ? ' and, as its first line, set -e' : ''}.`,
        },
      )
    }),
}
