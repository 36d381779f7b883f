import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {bodySpan, sectionsNamed} from './sections.js'

export const shebangNotFirst: Check = {
  name: 'shebang-not-first',
  severity: 'warning',
  summary: 'A #! line that does not stand directly below its section is not the interpreter.',
  why: 'Apptainer takes the interpreter of %runscript, %startscript and %test from the very first line of the body (D83). Behind a blank line the file that it writes starts with that blank line and has no interpreter at all; behind anything else the line is a comment, and /bin/sh runs the script.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: python:3.12\n%runscript\n\n#!/usr/bin/env python3\nprint("hello")\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%test\n  # with arrays\n  #!/bin/bash\n  a=(1 2)\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: python:3.12\n%runscript\n#!/usr/bin/env python3\nprint("hello")\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%runscript\n  cat > x <<EOF\n#!/bin/bash\nEOF\n'},
  ],
  find: description =>
    [...sectionsNamed(description, 'runscript', 'startscript', 'test')].flatMap(({stage, section}) => {
      // Blank lines and comments alone: below a command it is text of something else.
      const match = /^((?:[ \t]*(?:#(?!!)[^\n]*)?\n)+)([ \t]*)(#![^\n]*)/.exec(section.body.slice(0, 20_000))
      if (match === null) return []
      const from = (match[1] ?? '').length + (match[2] ?? '').length
      const line = (match[3] ?? '').trimEnd()
      const blank = /^[ \t]*\n/.test(section.body)
      if (!blank && /^#!\s*(\/usr)?\/bin\/sh\b/.test(line)) return []
      return diagnostic(shebangNotFirst, {
        span: bodySpan(section, from, from + line.length),
        stage,
        message: blank
          ? `A blank line stands above ${quoted(line)}, so the script that Apptainer writes has no interpreter line.`
          : `${quoted(line)} is a comment here, since it is not the first line below %${section.name}: /bin/sh runs the script.`,
        hint: `Move it directly below %${section.name}.`,
      })
    }),
}
