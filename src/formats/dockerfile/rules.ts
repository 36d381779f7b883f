/** Everything that the writer of Dockerfiles may refuse or warn of: the loss table of the documentation is made from it. */
import {def, dockerfile, yaml} from '../../model/examples.js'
import type {ConversionRule} from '../../model/grade.js'

export const rules = {
  'base-not-docker': {
    grade: 'refused',
    why: 'Docker starts from images of a registry, and neither from local images, those of other libraries nor package tools.',
    instead: 'Push the base to a registry, or name an image of the same distribution with --base.',
    bad: [def('Bootstrap: debootstrap\nMirrorURL: http://deb.debian.org/debian\nOSVersion: bookworm\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n')],
  },
  'context-of-another-file': {
    grade: 'refused',
    why: 'The stage comes from another file and copies from the context of that file; one Dockerfile has one context.',
    instead: 'Write it with --to stages, or build that file on its own.',
    session: {
      bad: `$ cat app/Dockerfile
FROM debian:12
COPY a /a
$ cat app/a
text
$ cat stages.yaml
sifstage: 1
stages:
  app: {file: app/Dockerfile}
$ sifstage convert stages.yaml --to dockerfile
app/Dockerfile:1:1: error: This stage comes from another file and copies from the context of that file; one Dockerfile has one context. [context-of-another-file]
  1 | FROM debian:12
    | ^~~~~~~~~~~~~~
  hint: Write it with --to stages, or build that file on its own.
`,
      good: `$ cat app/Dockerfile
FROM debian:12
COPY a /a
$ cat app/a
text
$ sifstage convert app/Dockerfile --to dockerfile
`,
    },
  },
  'copy-from-unknown-stage': {
    grade: 'refused',
    why: 'No stage has the name.',
    instead: 'Correct the name.',
    bad: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {copy: /x, from: b, to: /x}\n')],
    good: [
      yaml(
        'sifstage: 1\nstages:\n  b: {from: gcc:12}\n  a:\n    from: debian:12\n    steps:\n      - {copy: /x, from: b, to: /x}\ntarget: a\n',
      ),
    ],
  },
  'definition-app': {
    grade: 'refused',
    why: 'The app has a name or files that only Apptainer reads, or the image no shell to make its folders.',
    instead: 'Make each app a stage of its own.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%apprun my-app\n  echo hello\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%apprun app\n  echo hello\n')],
  },
  'definition-copy': {
    grade: 'refused',
    why: 'The source is not in the context or hidden there, leads out of it over a link, or only a shell that the image lacks could place it as Apptainer does.',
    instead: 'Move it into the context, or write source and destination in full.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%files\n  /opt/tool /usr/bin/\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%files\n  tool /usr/bin/\n', {tool: ''})],
  },
  'definition-environment': {
    grade: 'refused',
    why: 'Only Apptainer could work out the variables, or what the image starts is known to its base alone.',
    instead: 'Write each variable as an export of its own with a plain value, or add a %runscript.',
    bad: [def('Bootstrap: docker\nFrom: lab/base:1\n%environment\n  export TOOLS=$(ls /opt)\n')],
    good: [def('Bootstrap: docker\nFrom: lab/base:1\n%environment\n  export TOOLS=/opt/tools\n')],
  },
  'definition-labels': {
    grade: 'refused',
    why: 'The script works out labels while it runs; a Dockerfile has to name them.',
    instead: 'Write them into %labels, or as plain lines: echo "NAME value" >> "$APPTAINER_LABELS".',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  for v in a b; do echo "$v 1" >> "$APPTAINER_LABELS"; done\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  echo "a 1" >> "$APPTAINER_LABELS"\n')],
  },
  'definition-script': {
    grade: 'refused',
    why: 'The script is one that Apptainer cannot start either, or it needs its own name where it would have another.',
    instead: 'Write what it needs into the script itself.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%runscript\n\n#!/bin/bash\n  echo hello\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%runscript\n#!/bin/bash\n  echo hello\n')],
  },
  'engine-variable': {
    grade: 'refused',
    why: 'The script depends on what Apptainer alone has: variables and files of its own, or a builder that makes no devices.',
    instead: 'Write the value itself, or do without it.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  echo "$APPTAINER_CONTAINER"\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  echo image\n')],
  },
  'environment-at-start': {
    grade: 'approximate',
    why: 'Variables that only a shell can work out are set by what the image starts, so docker exec and docker run --entrypoint do not have them.',
    instead: 'Write each variable as an export of its own, with a value that is known when the image is built.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOLS=$(ls /opt)\n%runscript\n  exec tool "$@"\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%environment\n  export TOOLS=/opt/tools\n%runscript\n  exec tool "$@"\n')],
  },
  'host-script': {
    grade: 'refused',
    why: '%pre and %setup run on the machine that builds; Docker runs nothing there.',
    instead: 'Do their work before the build, or inside the image.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%setup\n  make -C src\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  make -C /src\n')],
  },
  'inline-with-blanks': {
    grade: 'refused',
    why: 'A here-document cannot go to a path with blanks: only the JSON form could say that, and it has none.',
    instead: 'Copy a file instead.',
    bad: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {write: "x\\n", to: "/etc/my file"}\n')],
    good: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {write: "x\\n", to: /etc/my-file}\n')],
  },
  'inline-without-newline': {
    grade: 'refused',
    why: 'A here-document always ends in a line feed.',
    instead: 'End the text with a line feed, or copy a file.',
    bad: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {write: x, to: /etc/x}\n')],
    good: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {write: "x\\n", to: /etc/x}\n')],
  },
  'line-break-in-value': {
    grade: 'refused',
    why: 'No value of ENV, LABEL, ARG, USER or WORKDIR can have a line break.',
    instead: 'Put the value into a file that is copied in.',
    bad: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    env: {NOTE: "one\\ntwo"}\n')],
    good: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    env: {NOTE: one two}\n')],
  },
  'lost-base-variable': {
    grade: 'refused',
    why: 'A value needs a variable of the base that has another value at that line already.',
    instead: 'Keep it in a variable of its own before it is changed.',
    bad: [dockerfile('FROM debian:12\nENV OLD=$PATH\nENV PATH=/x\nWORKDIR $OLD\n')],
    good: [dockerfile('FROM debian:12\nENV OLD=$PATH\nENV PATH=/x:$OLD\n')],
  },
  'no-docker-equivalent': {
    grade: 'approximate',
    why: 'Docker has no instances, no help texts and no apps.',
    instead: 'Start the service with the container; tell the help in a label; start an app with docker run --entrypoint.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%startscript\n  exec serve\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%runscript\n  exec serve "$@"\n')],
  },
  'unknown-base-stage': {
    grade: 'refused',
    why: 'No stage has the name.',
    instead: 'Correct the name.',
    bad: [yaml('sifstage: 1\nstages:\n  a: {from: {stage: b}}\n')],
    good: [yaml('sifstage: 1\nstages:\n  b: {from: debian:12}\n  a: {from: {stage: b}}\ntarget: a\n')],
  },
  'unwritable-name': {
    grade: 'refused',
    why: 'The name of a label or a variable is cut off at its first =.',
    instead: 'Choose a name without =.',
    bad: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    labels: {"a=b": x}\n')],
    good: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    labels: {a.b: x}\n')],
  },
  'unwritable-text': {
    grade: 'refused',
    why: 'No line of a Dockerfile can hold the text: a NUL, a line of more than 65,535 bytes, or a line break outside of a here-document.',
    instead: 'Put the text into a script that is copied in.',
    bad: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {write: "a\\0b\\n", to: /etc/x}\n')],
    good: [yaml('sifstage: 1\nstages:\n  a:\n    from: debian:12\n    steps:\n      - {write: "ab\\n", to: /etc/x}\n')],
  },
} as const satisfies Readonly<Record<string, ConversionRule>>

export type RefusedRule = {
  [Name in keyof typeof rules]: (typeof rules)[Name]['grade'] extends 'refused' ? Name : never
}[keyof typeof rules]
export type WarnedRule = Exclude<keyof typeof rules, RefusedRule>
