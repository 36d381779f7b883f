/** What linking reports of copies over the host, in words. */
import type {RuleText} from '../model/check.js'

export const copyRules: readonly RuleText[] = [
  {
    name: 'copy-names-nothing',
    severity: 'error',
    summary: 'A --copy names a stage that is not there, or a path that no file copies.',
    why: 'The connection that was asked for cannot be made, and the copy would look in the build context.',
    session: {
      bad: `$ cat build/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM alpine:3.20
COPY tool /bin/
$ sifstage import . --copy build:/src/tool=tol
app/Dockerfile:1:1: error: --copy build:/src/tool=tol: no other Dockerfile copies tol from its build context. [copy-names-nothing]
  hint: They copy tool.
`,
      good: `$ cat build/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM alpine:3.20
COPY tool /bin/
$ sifstage import . --copy build:/src/tool=tool
`,
    },
  },
  {
    name: 'ambiguous-copy',
    severity: 'error',
    summary: 'A --copy names a path that may lie in a folder that several files copy.',
    why: 'Each copies a folder from its own context, and the path may be meant in any of them.',
    session: {
      bad: `$ cat build/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM alpine:3.20
COPY . /app
$ cat web/Dockerfile
FROM alpine:3.20
COPY . /web
$ sifstage import . --copy build:/src/out=out
app/Dockerfile:2:6: error: --copy build:/src/out=out: each of these copies a folder that out may lie in: app/Dockerfile, web/Dockerfile. [ambiguous-copy]
  2 | COPY . /app
    |      ^
  hint: Say which, by the path from the top: --copy build:/src/out=app/out
`,
      good: `$ cat build/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM alpine:3.20
COPY . /app
$ cat web/Dockerfile
FROM alpine:3.20
COPY . /web
$ sifstage import . --copy build:/src/out=app/out
`,
    },
  },
  {
    name: 'copied-by-hand',
    severity: 'warning',
    summary: 'A file copies a path that is not in its build context, or that a script takes out of another image.',
    why: 'Something has to put it there before each build. As a copy from a stage it is made and verified by the build itself.',
    session: {
      bad: `$ cat build/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM alpine:3.20
COPY tool /bin/
$ sifstage import .
app/Dockerfile:2:6: warning: tool is not in the build context of app/Dockerfile: something else has to put it there. [copied-by-hand]
  2 | COPY tool /bin/
    |      ^~~~
  hint: If the stage of another file makes it: --copy STAGE:/PATH/tool=tool
`,
      good: `$ cat build/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM alpine:3.20
COPY tool /bin/
$ sifstage import . --copy build:/src/tool=tool
`,
    },
  },
]
