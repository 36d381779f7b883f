/** Everything that the writer of definition files may refuse or warn of: the loss table of the documentation is made from it. */
import {dockerfile, yaml} from '../../model/examples.js'
import type {ConversionRule} from '../../model/grade.js'

export const rules = {
  'context-path-ignored': {
    grade: 'refused',
    why: 'The ignore file hides the path, so docker does not find it.',
    instead: 'Take it out of the ignore file, or do not copy it.',
    bad: [dockerfile('FROM debian:12\nCOPY notes.txt /\n', {'notes.txt': '', '.dockerignore': '*.txt\n'})],
    good: [dockerfile('FROM debian:12\nCOPY notes.txt /\n', {'notes.txt': ''})],
  },
  'context-path-missing': {
    grade: 'refused',
    why: 'docker refuses a pattern in a folder that is not there.',
    instead: 'Convert where the build context is, or name it with --context.',
    bad: [dockerfile('FROM debian:12\nCOPY data/*.csv /data/\n')],
    good: [dockerfile('FROM debian:12\nCOPY data/*.csv /data/\n', {'data/a.csv': ''})],
  },
  'context-path-outside': {
    grade: 'refused',
    why: 'A link leads out of the build context, where docker finds nothing.',
    instead: 'Copy the file itself into the context.',
    bad: [dockerfile('FROM debian:12\nCOPY tool /usr/bin/\n', {'tool@': '/opt/tool', '/opt/tool': ''})],
    good: [dockerfile('FROM debian:12\nCOPY tool /usr/bin/\n', {tool: ''})],
  },
  'context-too-large': {
    grade: 'refused',
    why: 'The folder holds too many files to look through.',
    instead: 'Copy fewer folders.',
    session: {
      bad: `$ cat Dockerfile
FROM debian:12
COPY . /src
$ sifstage convert Dockerfile --to def
Dockerfile:2:6: error: data holds too many files to look through. [context-too-large]
  hint: Copy fewer folders.
`,
      good: `$ echo data > .dockerignore
$ sifstage convert Dockerfile --to def
`,
    },
  },
  'copy-exclude-from-stage': {
    grade: 'refused',
    why: 'Which files of another stage a pattern means is known only when that stage has been built.',
    instead: 'Exclude by name, by **/NAME or by a path without wildcards, or let sifstage build the Dockerfile.',
    bad: [dockerfile('FROM gcc:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build --exclude=src/*.o /src /src\n')],
    good: [dockerfile('FROM gcc:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build --exclude=**/*.o /src /src\n')],
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
  'copy-parents-from-stage': {
    grade: 'refused',
    why: 'The folders on the way take the modes that they have in the other stage, which nobody knows before it is built.',
    instead: 'Copy each path by a COPY of its own, or let sifstage build the Dockerfile.',
    bad: [dockerfile('FROM gcc:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build --parents /src/lib/a.so /\n')],
    good: [dockerfile('FROM gcc:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /src/lib/a.so /src/lib/\n')],
  },
  'copy-pattern': {
    grade: 'refused',
    why: 'A pattern over files of a stage cannot be combined with --chown or --chmod, or needs a shell that is not there.',
    instead: 'Name the files, or copy their folder.',
    bad: [dockerfile('FROM debian:12\nCOPY [a /data/\n', {'[a': ''})],
    good: [dockerfile('FROM debian:12\nCOPY *.txt /data/\n', {'a.txt': ''})],
  },
  'copy-source-variable': {
    grade: 'refused',
    why: 'The path holds a variable of the base image, whose configuration is not known.',
    instead: 'Write the path out, or convert where the base image can be read.',
    bad: [dockerfile('FROM lab/base:1\nCOPY $DATA /data\n')],
    good: [dockerfile('FROM lab/base:1\nARG DATA=data\nCOPY $DATA /data\n', {'data/a': ''})],
  },
  'env-name': {
    grade: 'refused',
    why: 'Apptainer sets variables by a shell of its own, which cannot set one of that name (dots, dashes), or holds it for itself (UID, EUID, GID, IFS, e, key, PROMPT_COMMAND).',
    instead: 'Choose another name, or use ARG if only the build needs it.',
    bad: [dockerfile('FROM debian:12\nENV my.home=/opt\n')],
    good: [dockerfile('FROM debian:12\nENV MY_HOME=/opt\n')],
  },
  'file-name': {
    grade: 'refused',
    why: '%files cannot express the name.',
    instead: 'Copy its folder, or rename it.',
    bad: [dockerfile('FROM gcc:12 AS build\nFROM debian:12\nCOPY --from=build /a{b} /c\n')],
    good: [dockerfile('FROM gcc:12 AS build\nFROM debian:12\nCOPY --from=build ["/a b", "/c"]\n')],
  },
  label: {
    grade: 'refused',
    why: '%labels knows no names with blanks and no values of several lines, and the labels of the base are not known.',
    instead: 'Change the label, or convert where the base image can be read.',
    bad: [dockerfile('FROM debian:12\nLABEL "my note"=x\n')],
    good: [dockerfile('FROM debian:12\nLABEL my.note=x\n')],
  },
  'link-owner-name': {
    grade: 'refused',
    why: '--link looks at nothing in the image, so that nobody can tell whose number a name is; docker refuses it too.',
    instead: 'Give --chown numbers, or leave --link out.',
    bad: [dockerfile('FROM debian:12\nCOPY --link --chown=www-data a /a\n', {a: ''})],
    good: [dockerfile('FROM debian:12\nCOPY --link --chown=33:33 a /a\n', {a: ''})],
  },
  'mount-cache-from': {
    grade: 'refused',
    why: 'A cache would have to start with files of a stage or image.',
    instead: 'Copy the files first, or let sifstage build the Dockerfile.',
    bad: [dockerfile('FROM gcc:12 AS seed\nFROM debian:12\nRUN --mount=type=cache,target=/c,from=seed,source=/c ls /c\n')],
    good: [dockerfile('FROM gcc:12 AS seed\nFROM debian:12\nRUN --mount=type=cache,target=/c ls /c\n')],
  },
  'mount-source': {
    grade: 'refused',
    why: '%files cannot take the source of the mount from there.',
    instead: 'COPY --from it first.',
    bad: [dockerfile('FROM gcc:12 AS build\nFROM debian:12\nRUN --mount=type=bind,from=build,source=/a{b},target=/m ls /m\n')],
    good: [dockerfile('FROM gcc:12 AS build\nFROM debian:12\nRUN --mount=type=bind,from=build,source=/a,target=/m ls /m\n')],
  },
  'not-expressible': {
    grade: 'refused',
    why: 'A definition file has no way to say it; the message tells what.',
    instead: 'Let sifstage build the input as it is.',
    bad: [dockerfile('FROM lab/base:1\nENV A=$B B=$A\n')],
    good: [dockerfile('FROM lab/base:1\nENV A=$B\n')],
  },
  'reserved-path': {
    grade: 'refused',
    why: 'The path belongs to Apptainer or the kernel while an image is built; what is copied there is lost.',
    instead: 'Copy it elsewhere.',
    bad: [dockerfile('FROM debian:12\nCOPY hosts /proc/hosts\n', {hosts: ''})],
    good: [dockerfile('FROM debian:12\nCOPY hosts /opt/hosts\n', {hosts: ''})],
  },
  'secret-required': {
    grade: 'refused',
    why: 'What a definition file brings along stays in the image.',
    instead: 'sifstage build --secret id=NAME,src=FILE builds the Dockerfile itself.',
    bad: [dockerfile('FROM debian:12\nRUN --mount=type=secret,id=token,required=true cat /run/secrets/token\n')],
    good: [dockerfile('FROM debian:12\nRUN echo no secret\n')],
  },
  'special-files-from-stage': {
    grade: 'refused',
    why: 'Apptainer copies no FIFOs between stages, and takes the setuid bit from files with several names.',
    instead: 'Make them in the stage that needs them, or let sifstage build the Dockerfile.',
    bad: [dockerfile('FROM debian:12 AS build\nRUN mkfifo /srv/pipe\nFROM debian:12\nCOPY --from=build /srv /srv\n')],
    good: [dockerfile('FROM debian:12 AS build\nRUN make\nFROM debian:12\nCOPY --from=build /srv /srv\nRUN mkfifo /srv/pipe\n')],
  },
  'ssh-required': {
    grade: 'refused',
    why: 'A definition file cannot ask for an ssh agent.',
    instead: 'Fetch what needs it before the build, and COPY it.',
    bad: [dockerfile('FROM debian:12\nRUN --mount=type=ssh,required=true git clone git@example.org:lab/tool\n')],
    good: [dockerfile('FROM debian:12\nCOPY tool /src/tool\n', {'tool/a': ''})],
  },
  'base-entrypoint': {
    grade: 'approximate',
    why: 'An ENTRYPOINT of the base image would start with this CMD as its arguments, and the base is not known here.',
    instead: 'Convert where the base image can be read, or write the ENTRYPOINT into the Dockerfile.',
    bad: [dockerfile('FROM lab/base:1\nCMD ["serve"]\n')],
    good: [dockerfile('FROM lab/base:1\nENTRYPOINT ["tool"]\nCMD ["serve"]\n')],
  },
  'base-workdir': {
    grade: 'approximate',
    why: 'A relative path starts at the WORKDIR of the base image, which is not known here; it is taken for /.',
    instead: 'Set WORKDIR, or convert where the base image can be read.',
    bad: [dockerfile('FROM lab/base:1\nRUN make\nCOPY tool .\n', {tool: ''})],
    good: [dockerfile('FROM lab/base:1\nWORKDIR /src\nRUN make\nCOPY tool .\n', {tool: ''})],
  },
  'empty-pattern': {
    grade: 'approximate',
    why: 'A pattern matches nothing in the context; docker copies nothing then, and so does the definition.',
    instead: 'Convert where the files are.',
    bad: [dockerfile('FROM debian:12\nCOPY *.csv /data/\n')],
    good: [dockerfile('FROM debian:12\nCOPY *.csv /data/\n', {'a.csv': ''})],
  },
  'expose-at-runtime': {
    grade: 'approximate',
    why: 'Programs in Apptainer use the ports of the machine they run on.',
    instead: 'Nothing has to be done.',
    bad: [dockerfile('FROM debian:12\nEXPOSE 8080\n')],
    good: [dockerfile('FROM debian:12\nLABEL port=8080\n')],
  },
  'healthcheck-at-runtime': {
    grade: 'approximate',
    why: 'Nothing in Apptainer asks for it.',
    instead: 'Run the command yourself: apptainer exec IMAGE COMMAND.',
    bad: [dockerfile('FROM debian:12\nHEALTHCHECK CMD curl -f http://localhost/\n')],
    good: [dockerfile('FROM debian:12\nHEALTHCHECK NONE\n')],
  },
  'heredoc-path': {
    grade: 'approximate',
    why: 'A here-document that is a program of its own lies under another path while it runs, and it looks at that path.',
    instead: 'COPY the script, and RUN it.',
    bad: [dockerfile('FROM debian:12\nRUN <<EOF\n#!/usr/bin/env bash\necho "$0"\nEOF\n')],
    good: [dockerfile('FROM debian:12\nRUN <<EOF\n#!/usr/bin/env bash\necho build\nEOF\n')],
  },
  'onbuild-lost': {
    grade: 'approximate',
    why: 'A .sif has no triggers for images that start from it.',
    instead: 'Write the instruction into the files that start from this image.',
    bad: [dockerfile('FROM debian:12\nONBUILD RUN make\n')],
    good: [dockerfile('FROM debian:12\nRUN make\n')],
  },
  platform: {
    grade: 'approximate',
    why: 'A definition file cannot ask for a platform.',
    instead: 'apptainer build --arch, or build on such a machine.',
    bad: [dockerfile('FROM --platform=linux/arm64 debian:12\nRUN make\n')],
    good: [dockerfile('FROM debian:12\nRUN make\n')],
  },
  'run-security': {
    grade: 'approximate',
    why: 'Apptainer has one set of rights for all commands of a build.',
    instead: 'Leave the flag out if the command does not need it.',
    bad: [dockerfile('FROM debian:12\nRUN --security=insecure make\n')],
    good: [dockerfile('FROM debian:12\nRUN make\n')],
  },
  'secret-absent': {
    grade: 'approximate',
    why: 'The definition builds as docker does when nobody gives the secret.',
    instead: 'sifstage build --secret id=NAME,src=FILE builds the Dockerfile itself.',
    bad: [dockerfile('FROM debian:12\nRUN --mount=type=secret,id=token test -e /run/secrets/token || echo none\n')],
    good: [dockerfile('FROM debian:12\nRUN echo none\n')],
  },
  'source-not-found': {
    grade: 'approximate',
    why: 'The path is not in the context, so it is taken for a file.',
    instead: 'Convert where the file is, or name the folder with --context.',
    bad: [dockerfile('FROM debian:12\nCOPY tool /usr/bin/\n')],
    good: [dockerfile('FROM debian:12\nCOPY tool /usr/bin/\n', {tool: ''})],
  },
  'ssh-absent': {
    grade: 'approximate',
    why: 'The definition builds as docker does when no ssh agent is given.',
    instead: 'Fetch what needs it before the build, and COPY it.',
    bad: [dockerfile('FROM debian:12\nRUN --mount=type=ssh git clone https://example.org/lab/tool\n')],
    good: [dockerfile('FROM debian:12\nRUN git clone https://example.org/lab/tool\n')],
  },
  'stop-signal-at-runtime': {
    grade: 'approximate',
    why: 'Whoever stops an instance chooses the signal.',
    instead: 'Name it there: apptainer instance stop --signal SIGNAL NAME.',
    bad: [dockerfile('FROM debian:12\nSTOPSIGNAL SIGINT\n')],
    good: [dockerfile('FROM debian:12\nRUN make\n')],
  },
  'user-at-runtime': {
    grade: 'approximate',
    why: 'Apptainer runs an image as the person who calls it.',
    instead: 'Make sure that everybody may read what the program needs.',
    bad: [dockerfile('FROM debian:12\nUSER 1000\nCMD ["id"]\n')],
    good: [dockerfile('FROM debian:12\nCMD ["id"]\n')],
  },
  'volume-at-runtime': {
    grade: 'approximate',
    why: 'A .sif is read-only at run time.',
    instead: 'Bind a folder there: apptainer run --bind FOLDER:PATH IMAGE.',
    bad: [dockerfile('FROM debian:12\nVOLUME /data\n')],
    good: [dockerfile('FROM debian:12\nRUN mkdir /data\n')],
  },
  'workdir-at-runtime': {
    grade: 'approximate',
    why: "The program starts in WORKDIR, so relative paths among its arguments mean that folder and not the caller's.",
    instead: "Use --keep-cwd to stay in the caller's folder.",
    bad: [dockerfile('FROM debian:12\nWORKDIR /src\nENTRYPOINT ["tool"]\n')],
    good: [dockerfile('FROM debian:12\nENTRYPOINT ["tool"]\n')],
  },
} as const satisfies Readonly<Record<string, ConversionRule>>

export type RefusedRule = {
  [Name in keyof typeof rules]: (typeof rules)[Name]['grade'] extends 'refused' ? Name : never
}[keyof typeof rules]
export type WarnedRule = Exclude<keyof typeof rules, RefusedRule>
