/**
 * What the readers themselves remark on, as `checks` describes its rules: for the documentation and for code-scanning
 * services. A reader knows the place in the text best, so it reports; the words are here.
 */
import type {Check} from '../model/check.js'

export type Remark = Omit<Check, 'find'>

const def = (text: string) => ({format: 'def', text}) as const
const dockerfile = (text: string) => ({format: 'dockerfile', text}) as const
const yaml = (text: string) => ({format: 'yaml', text}) as const

const definition: readonly Remark[] = [
  {
    name: 'bootstrap-in-section',
    severity: 'error',
    summary: 'A line of a script or a here-document starts with "bootstrap:" and cuts the file there.',
    why: 'Apptainer begins a new stage at every line that starts with "bootstrap:", in any case, before it looks at sections (D1). One blank in front is enough.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  cat > /x.yaml <<EOF\nbootstrap: yes please\nEOF\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%post\n  cat > /x.yaml <<EOF\n bootstrap: yes please\nEOF\n')],
  },
  {
    name: 'indented-bootstrap',
    severity: 'warning',
    summary: 'A "Bootstrap:" that is indented, or has a blank before its colon, begins no stage.',
    why: 'In the first stage it works as a key; further down the line silently becomes part of the section above it (D3).',
    bad: [def('Bootstrap: docker\nFrom: debian:12\nStage: a\n%post\n  echo a\n\n  Bootstrap: docker\n  From: alpine:3.20\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\nStage: a\n%post\n  echo a\n\nBootstrap: docker\nFrom: alpine:3.20\n')],
  },
  {
    name: 'lost-header',
    severity: 'error',
    summary: 'A header ends in a backslash where nothing follows, and is dropped.',
    why: 'A backslash at the end continues the value on the next line (D14). At the end of the header Apptainer drops the key without a word.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\nStage: build\\\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\nStage: build\n')],
  },
  {
    name: 'repeated-header',
    severity: 'warning',
    summary: 'A header key stands twice, and only the last counts.',
    why: 'Apptainer takes the last one without a word (D11): the base is then another than the first line says.',
    bad: [def('Bootstrap: docker\nFrom: debian:11\nFrom: debian:12\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n# From: debian:11\n')],
  },
  {
    name: 'missing-from',
    severity: 'error',
    summary: 'A base of this kind needs a "From:" line.',
    why: 'Without one the build of the stage fails; for localimage it is worse, since the current folder is copied as the base (D50, D52).',
    bad: [def('Bootstrap: localimage\n')],
    good: [def('Bootstrap: localimage\nFrom: base.sif\n')],
  },
  {
    name: 'missing-header',
    severity: 'error',
    summary: 'A base of this kind needs a header key that is not there.',
    why: 'The bootstrap agent says so only when the stage starts, after all earlier ones are built (D50).',
    bad: [def('Bootstrap: busybox\n')],
    good: [def('Bootstrap: busybox\nMirrorURL: https://example.org/busybox\n')],
  },
  {
    name: 'newer-agent',
    severity: 'warning',
    summary: 'The bootstrap agent is only in newer versions of Apptainer.',
    why: 'Older versions refuse the file (D50, D170).',
    bad: [def('Bootstrap: buildkit\nFilename: Dockerfile\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n')],
  },
  {
    name: 'ignored-section',
    severity: 'error',
    summary: 'Apptainer ignores a whole %files section, since its heading is not understood.',
    why: 'Behind %files it knows nothing, or "from STAGE". With one word, or three, it leaves out the section without any message (D29).',
    bad: [
      def('Bootstrap: docker\nFrom: debian:12\nStage: build\n\nBootstrap: docker\nFrom: alpine:3.20\n%files build\n  /a /a\n'),
    ],
    good: [
      def(
        'Bootstrap: docker\nFrom: debian:12\nStage: build\n\nBootstrap: docker\nFrom: alpine:3.20\n%files from build\n  /a /a\n',
      ),
    ],
  },
  {
    name: 'files-without-from',
    severity: 'warning',
    summary: 'The word before the stage in a %files heading is not "from".',
    why: 'Apptainer never looks at it and copies from the stage all the same (D29), which whoever reads the file cannot know.',
    bad: [
      def(
        'Bootstrap: docker\nFrom: debian:12\nStage: build\n\nBootstrap: docker\nFrom: alpine:3.20\n%files form build\n  /a /a\n',
      ),
    ],
    good: [
      def(
        'Bootstrap: docker\nFrom: debian:12\nStage: build\n\nBootstrap: docker\nFrom: alpine:3.20\n%files from build\n  /a /a\n',
      ),
    ],
  },
  {
    name: 'empty-source',
    severity: 'error',
    summary: 'A %files line names no source.',
    why: 'Apptainer skips the line (D25).',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%files\n  "" /a\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%files\n  a /a\n')],
  },
  {
    name: 'single-quotes',
    severity: 'error',
    summary: 'Single quotes in %files are part of the name.',
    why: "Only double quotes group words there (D27): of 'a b' Apptainer makes a source that begins with a quote.",
    bad: [def("Bootstrap: docker\nFrom: debian:12\n%files\n  'a b' /x\n")],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%files\n  "a b" /x\n')],
  },
  {
    name: 'extra-words',
    severity: 'error',
    summary: 'A %files line has more than a source and a destination.',
    why: 'Apptainer takes the first two words and ignores the others, comments included: "a b /dst" copies a to b, and "a # c" copies a to a file called # (D25, D26).',
    bad: [
      def('Bootstrap: docker\nFrom: debian:12\n%files\n  a b /dst/\n'),
      def('Bootstrap: docker\nFrom: debian:12\n%files\n  a # b\n'),
    ],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%files\n  # both\n  a /dst/\n  b /dst/\n')],
  },
  {
    name: 'malformed-argument',
    severity: 'warning',
    summary: 'A line of %arguments is not NAME=value.',
    why: 'Apptainer skips it (D40), and {{ NAME }} has no value then.',
    bad: [def('Bootstrap: docker\nFrom: debian:12\n%arguments\n  VERSION 1.2\n')],
    good: [def('Bootstrap: docker\nFrom: debian:12\n%arguments\n  VERSION=1.2\n')],
  },
]

const docker: readonly Remark[] = [
  {
    name: 'broken-json-form',
    severity: 'warning',
    summary: 'An argument list looks like JSON and is none.',
    why: 'Docker then takes the whole of it as text for the shell (K32): brackets, quotes and all.',
    bad: [dockerfile("FROM debian:12\nENTRYPOINT ['tool']\n")],
    good: [dockerfile('FROM debian:12\nENTRYPOINT ["tool"]\n')],
  },
  {
    name: 'empty-continuation-line',
    severity: 'info',
    summary: 'An empty line stands inside a continued instruction.',
    why: 'Docker skips it with a warning and will refuse it one day (K14).',
    bad: [dockerfile('FROM debian:12\nRUN echo a \\\n\n  b\n')],
    good: [dockerfile('FROM debian:12\nRUN echo a \\\n  # more\n  b\n')],
  },
  {
    name: 'empty-copy-source',
    severity: 'warning',
    summary: 'A source is empty after substitution, which means everything.',
    why: 'COPY $NAME /x with no NAME copies the whole folder that is copied from.',
    bad: [dockerfile('FROM scratch\nCOPY $NAME /x\n')],
    good: [dockerfile('FROM scratch\nARG NAME=a\nCOPY $NAME /x\n')],
  },
  {
    name: 'empty-name',
    severity: 'warning',
    summary: 'The name of a variable or label is empty after substitution.',
    why: 'Nothing is set then.',
    bad: [dockerfile('FROM scratch\nENV $NAME=1\n')],
    good: [dockerfile('FROM scratch\nARG NAME=a\nENV $NAME=1\n')],
  },
  {
    name: 'empty-user',
    severity: 'warning',
    summary: 'USER is empty after substitution, which means root.',
    why: 'What was meant to run as somebody runs as root.',
    bad: [dockerfile('FROM scratch\nUSER $NAME\n')],
    good: [dockerfile('FROM scratch\nARG NAME=1000\nUSER $NAME\n')],
  },
  {
    name: 'foreign-syntax',
    severity: 'warning',
    summary: 'The syntax directive names a front end that may read the file in its own way.',
    why: 'The file is read as a plain Dockerfile here (K8); instructions and flags of its own are not known.',
    bad: [dockerfile('# syntax=example/frontend\nFROM debian:12\n')],
    good: [dockerfile('# syntax=docker/dockerfile:1\nFROM debian:12\n')],
  },
  {
    name: 'heredoc-crlf',
    severity: 'warning',
    summary: 'Lines of a here-document end in CR LF.',
    why: 'Docker keeps the CR (K22), and most scripts break over it.',
    bad: [dockerfile('FROM debian:12\nRUN <<EOF\r\necho a\r\nEOF\r\n')],
    good: [dockerfile('FROM debian:12\nRUN <<EOF\necho a\nEOF\n')],
  },
  {
    name: 'reserved-stage-name',
    severity: 'error',
    summary: 'A stage has a name that means something else.',
    why: 'A later FROM scratch, or a reference to the build context, would mean the stage (K65).',
    bad: [dockerfile('FROM debian:12 AS scratch\n')],
    good: [dockerfile('FROM debian:12 AS build\n')],
  },
  {
    name: 'run-device',
    severity: 'error',
    summary: 'RUN --device asks for a device of the builder.',
    why: 'A build here cannot hand one over. When the image runs, devices are there anyway (--nv, --rocm).',
    bad: [dockerfile('FROM debian:12\nRUN --device=nvidia.com/gpu nvidia-smi\n')],
    good: [dockerfile('FROM debian:12\nRUN echo no device\n')],
  },
  {
    name: 'unknown-trigger',
    severity: 'warning',
    summary: 'ONBUILD holds something that is no instruction.',
    why: 'Docker looks at it only when another image starts from this one, and then fails (K37).',
    bad: [dockerfile('FROM debian:12\nONBUILD FOO bar\n')],
    good: [dockerfile('FROM debian:12\nONBUILD RUN bar\n')],
  },
  {
    name: 'unusable-value',
    severity: 'error',
    summary: 'A value is refused after substitution, since a variable is empty or holds something else than is wanted.',
    why: 'The text is right, and wants a build argument or a default.',
    bad: [dockerfile('ARG BASE\nFROM $BASE\n')],
    good: [dockerfile('ARG BASE=debian:12\nFROM $BASE\n')],
  },
]

const both: readonly Remark[] = [
  {
    name: 'syntax',
    severity: 'error',
    summary: 'The input cannot be read.',
    why: 'The program that the language belongs to refuses it too. The message says what is wrong; the exit code is 2.',
    bad: [dockerfile('FORM debian:12\n'), def('Bootstrap: docker\nForm: debian:12\n'), yaml('sifstage: 1\nstages: []\n')],
    good: [
      dockerfile('FROM debian:12\n'),
      def('Bootstrap: docker\nFrom: debian:12\n'),
      yaml('sifstage: 1\nstages: {a: {from: debian:12}}\n'),
    ],
  },
  {
    name: 'base-variable-modifier',
    severity: 'error',
    summary: 'A form like ${NAME:-word} stands around a value that only the base image knows.',
    why: 'The base has to be at hand to work it out: give the variable a value with ENV or ARG, or name a local copy of the base with --base.',
    bad: [dockerfile('FROM lab/base:1\nENV A=x$LIB\nENV B=${A##*/}\n')],
    good: [dockerfile('FROM lab/base:1\nENV LIB=/opt/lib\nENV B=${LIB##*/}\n')],
  },
  {
    name: 'base-variable-needed',
    severity: 'error',
    summary: 'A part of an instruction needs a variable that only the base image knows.',
    why: 'It has to be known before the build: give the variable a value with ENV or ARG first.',
    bad: [dockerfile('FROM lab/base:1\nENV $NAME=x\n')],
    good: [dockerfile('FROM lab/base:1\nARG NAME=A\nENV $NAME=x\n')],
  },
  {
    name: 'image-named-like-stage',
    severity: 'warning',
    summary: 'A base is an image of a registry, and a stage has the same name.',
    why: 'In the YAML description a plain name is always an image; a stage is {stage: NAME}.',
    bad: [yaml('sifstage: 1\nstages:\n  a: {from: debian:12}\n  b: {from: a}\n')],
    good: [yaml('sifstage: 1\nstages:\n  a: {from: debian:12}\n  b: {from: {stage: a}}\n')],
  },
]

/** By the language whose reader reports them. */
export const remarkGroups: readonly {readonly title: string; readonly remarks: readonly Remark[]}[] = [
  {title: 'Reported while any input is read', remarks: both},
  {title: 'Reported while a definition file is read', remarks: definition},
  {title: 'Reported while a Dockerfile is read', remarks: docker},
]
