/** What linking reports, in words. Each is shown by files and the command that reports on them: the tests run them. */
import type {RuleText} from '../model/check.js'
import {copyRules} from './copy-rules.js'

export const linkingRules: readonly RuleText[] = [
  {
    name: 'assumed-context',
    severity: 'info',
    summary: 'The files that a Dockerfile copies are not beside it, but in a folder above, which is taken for its build context.',
    why: 'Docker is told the context on its command line, and no build script here says it. What is written has a `context:` that says what was taken.',
    session: {
      bad: `$ cat Dockerfile
FROM alpine:3.20
$ cat app/Dockerfile
FROM alpine:3.20
COPY src/tool.sh /bin/
$ cat src/tool.sh
x
$ sifstage import .
app/Dockerfile:1:1: info: What app/Dockerfile copies is in the folder above, so that this is taken for its build context. [assumed-context]
  hint: Change "context" in what is written if it is another.
`,
      good: `$ cat Dockerfile
FROM alpine:3.20
$ cat app/Dockerfile
FROM alpine:3.20
COPY tool.sh /bin/
$ cat app/tool.sh
x
$ sifstage import .
`,
    },
  },
  {
    name: 'assumed-name',
    severity: 'info',
    summary: 'Two files are called alike, and the stage of the second gets a longer name.',
    why: 'Stages are named after their files or folders, and a description has each name once. Flags such as --target and --copy take the names that are written.',
    session: {
      bad: `$ cat a/tool/Dockerfile
FROM alpine:3.20
$ cat b/tool/Dockerfile
FROM alpine:3.20
$ sifstage import .
b/tool/Dockerfile:1:1: info: There is a stage tool already, so that this one is called b-tool. [assumed-name]
`,
      good: `$ cat a/tool/Dockerfile
FROM alpine:3.20
$ cat b/other/Dockerfile
FROM alpine:3.20
$ sifstage import .
`,
    },
  },
  {
    name: 'assumed-link',
    severity: 'info',
    summary: 'An image is taken for what a file here makes, since their names are alike.',
    why: 'No build script says so. A comment in what is written tells it, and --tag says it for sure.',
    session: {
      bad: `$ cat env/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM lab/env
$ sifstage import .
app/Dockerfile:1:6: info: lab/env is taken for what env/Dockerfile makes, by its name. [assumed-link]
  1 | FROM lab/env
    |      ^~~~~~~
  hint: To say so: --tag env/Dockerfile=lab/env
`,
      good: `$ cat env/Dockerfile
FROM gcc:12
$ cat app/Dockerfile
FROM lab/env
$ sifstage import . --tag env/Dockerfile=lab/env
`,
    },
  },
  {
    name: 'several-ends',
    severity: 'info',
    summary: 'Several stages are needed by no other one, so that each could be the target.',
    why: 'A description has one target: the last of them. The others stay, and --target builds them.',
    session: {
      bad: `$ cat one/Dockerfile
FROM gcc:12
$ cat two/Dockerfile
FROM gcc:12
$ sifstage import .
two/Dockerfile:1:1: info: No other stage needs one, two; the target is two. [several-ends]
  hint: Change "target" in what is written, or name another when you build: --target STAGE.
`,
      good: `$ cat one/Dockerfile
FROM gcc:12
$ cat two/Dockerfile
FROM one
$ sifstage import .
`,
    },
  },
  {
    name: 'open-base',
    severity: 'error',
    summary: 'A file starts from a build argument that nothing gives a value.',
    why: 'Which image or stage it starts from cannot be told, so no description can be written.',
    session: {
      bad: `$ cat app/Dockerfile
ARG BASE
FROM $BASE
$ sifstage import app
app/Dockerfile:2:1: error: What BASE stands for is said nowhere, so that nobody can tell what app/Dockerfile starts from. [open-base]
  2 | FROM $BASE
    | ^~~~~~~~~~
  hint: Give it a default (ARG BASE=IMAGE above the FROM), or a value: --build-arg BASE=IMAGE.
`,
      good: `$ cat app/Dockerfile
ARG BASE
FROM $BASE
$ sifstage import app --build-arg BASE=debian:12
`,
    },
  },
  {
    name: 'ambiguous-link',
    severity: 'error',
    summary: 'An image may be what any of several files makes.',
    why: 'A wrong guess would build on the wrong stage; only whoever wrote the files can say which is meant.',
    session: {
      bad: `$ cat a/env/Dockerfile
FROM gcc:12
$ cat b/env/Dockerfile
FROM gcc:13
$ cat app/Dockerfile
FROM lab/env
$ sifstage import .
app/Dockerfile:1:6: error: lab/env may be what any of these makes: a/env/Dockerfile, b/env/Dockerfile. [ambiguous-link]
  1 | FROM lab/env
    |      ^~~~~~~
  hint: Say which: --tag a/env/Dockerfile=lab/env
`,
      good: `$ cat a/env/Dockerfile
FROM gcc:12
$ cat b/env/Dockerfile
FROM gcc:13
$ cat app/Dockerfile
FROM lab/env
$ sifstage import . --tag a/env/Dockerfile=lab/env
`,
    },
  },
  {
    name: 'other-version',
    severity: 'warning',
    summary: 'A file here makes an image of that name, but with another version or registry.',
    why: 'The image is fetched from its registry then, and not built from the file. Often one of the two was not changed along.',
    session: {
      bad: `$ cat tool/Dockerfile
FROM gcc:12
$ cat build.sh
docker build -t lab/tool:1 tool
$ cat app/Dockerfile
FROM lab/tool:2
$ sifstage import .
app/Dockerfile:1:6: warning: tool/Dockerfile makes lab/tool:1, not lab/tool:2, which stays an image. [other-version]
  1 | FROM lab/tool:2
    |      ^~~~~~~~~~
  hint: If it is meant all the same: --tag tool/Dockerfile=lab/tool:2
`,
      good: `$ cat tool/Dockerfile
FROM gcc:12
$ cat build.sh
docker build -t lab/tool:2 tool
$ cat app/Dockerfile
FROM lab/tool:2
$ sifstage import .
`,
    },
  },
  {
    name: 'stays-image',
    severity: 'info',
    summary: 'A base is made by no file here, and is fetched from its registry.',
    why: 'That is right for a public base. It is wrong for one that is built by a file that was not named.',
    session: {
      bad: `$ cat app/Dockerfile
FROM debian:12
$ sifstage import app
app/Dockerfile:1:6: info: debian:12 stays an image: no file here makes it. [stays-image]
  1 | FROM debian:12
    |      ^~~~~~~~~
`,
      good: `$ cat env/Dockerfile
FROM scratch
$ cat app/Dockerfile
FROM lab/env
$ sifstage import .
`,
    },
  },
  ...copyRules,
  {
    name: 'built-twice',
    severity: 'warning',
    summary: 'A build script builds one file more than once, with other arguments or another context.',
    why: 'A stage is made of the first way alone. Each further way is a stage of its own with the same `file:` and other `args:`.',
    session: {
      bad: `$ cat env/Dockerfile
FROM gcc:12
ARG V
$ cat build.sh
docker build -t lab/env:1 --build-arg V=1 env
docker build -t lab/env:2 --build-arg V=2 env
$ sifstage import .
build.sh:2:1: warning: env/Dockerfile is built more than once, in different ways; what counts is the first. [built-twice]
  2 | docker build -t lab/env:2 --build-arg V=2 env
    | ^
  hint: Add a stage for each further way by hand: the same file with other args.
`,
      good: `$ cat env/Dockerfile
FROM gcc:12
ARG V
$ cat build.sh
docker build -t lab/env:1 --build-arg V=1 env
$ sifstage import .
`,
    },
  },
]
