/** What readers and conversions remark on that the text of one input does not show. */
import type {RuleText} from '../model/check.js'

/** Remarks that depend on the command line or on other files, so that no single input shows them. */
export const remarksElsewhere: readonly RuleText[] = [
  {
    name: 'stage-engine',
    severity: 'warning',
    summary: 'A conversion leaves out which engine builds a stage.',
    why: 'Only a YAML description can say it; the stage means the same whatever builds it.',
    session: {
      bad: `$ cat stages.yaml
sifstage: 1
stages:
  app:
    engine: docker
    from: debian:12
    steps: [{run: make}]
$ sifstage convert stages.yaml --to dockerfile
stages.yaml:4:13: warning: That stage "app" is built by docker is left out: only a YAML description can say it. [stage-engine]
  4 |     engine: docker
    |             ^~~~~~
  hint: Build with --engine docker.
`,
      good: `$ cat stages.yaml
sifstage: 1
stages:
  app:
    from: debian:12
    steps: [{run: make}]
$ sifstage convert stages.yaml --to dockerfile
`,
    },
  },
  {
    name: 'unused-build-arg',
    severity: 'error',
    summary: 'A build argument was given that nothing uses.',
    why: 'Apptainer ends the build for one (D35), so for a definition file it is an error; Docker warns.',
    session: {
      bad: `$ cat tool.def
Bootstrap: docker
From: debian:12
$ sifstage check tool.def --build-arg VERSION=2
tool.def:1:1: error: Build argument VERSION was given, but nothing in the file uses {{ VERSION }}. [unused-build-arg]
  hint: Leave it out. A placeholder behind a # on its line does not count.
`,
      good: `$ cat tool.def
Bootstrap: docker
From: debian:{{ VERSION }}
%arguments
  VERSION=12
$ sifstage check tool.def --build-arg VERSION=11
`,
    },
  },
  {
    name: 'included-host-path',
    severity: 'error',
    summary: 'A definition file that a YAML description takes in names host files by relative paths.',
    why: 'They are relative to the folder that Apptainer runs in, which is not its own then.',
    session: {
      bad: `$ cat sub/tool.def
Bootstrap: docker
From: debian:12
Stage: tool
%files
  tool.sh /usr/bin/
$ cat sub/tool.sh
echo
$ cat stages.yaml
sifstage: 1
stages:
  tool: {file: sub/tool.def}
$ sifstage check stages.yaml
sub/tool.def:5:3: error: tool.sh is relative to the folder that the definition file is built in, which is not its own here. [included-host-path]
  5 |   tool.sh /usr/bin/
    |   ^~~~~~~
  hint: Move the definition file to the top of the context, or the stage into a Dockerfile.
`,
      good: `$ cat sub/tool.def
Bootstrap: docker
From: debian:12
Stage: tool
%post
  apt-get update
$ cat stages.yaml
sifstage: 1
stages:
  tool: {file: sub/tool.def}
$ sifstage check stages.yaml
`,
    },
  },
  {
    name: 'rebase-without-effect',
    severity: 'error',
    summary: 'A YAML description replaces a base or an image that the file it takes in does not have.',
    why: 'Nothing of the stages that are taken in starts from what would be replaced, or copies from it.',
    session: {
      bad: `$ cat tool/Dockerfile
FROM debian:12
$ cat stages.yaml
sifstage: 1
stages:
  gcc: {from: gcc:12}
  tool:
    file: tool/Dockerfile
    images: {debian:11: {stage: gcc}}
$ sifstage check stages.yaml
stages.yaml:6:14: error: No stage that "tool" needs starts from debian:11 or copies from it. [rebase-without-effect]
  6 |     images: {debian:11: {stage: gcc}}
    |              ^~~~~~~~~
  hint: Write the image as tool/Dockerfile does, or leave it out.
`,
      good: `$ cat tool/Dockerfile
FROM debian:12
COPY --from=lab/gcc /a /a
$ cat stages.yaml
sifstage: 1
stages:
  gcc: {from: gcc:12}
  tool:
    file: tool/Dockerfile
    images: {lab/gcc: {stage: gcc}}
$ sifstage check stages.yaml
`,
    },
  },
  {
    name: 'copy-without-effect',
    severity: 'error',
    summary: 'A YAML description says where a path comes from that the file it takes in does not copy.',
    why: 'The path is misspelt, or the file has changed: what the stage makes would go nowhere.',
    session: {
      bad: `$ cat tool/Dockerfile
FROM debian:12
COPY app /app
$ cat stages.yaml
sifstage: 1
stages:
  gcc: {from: gcc:12}
  tool:
    file: tool/Dockerfile
    copies: {ap: {stage: gcc, path: /src/app}}
$ sifstage check stages.yaml
stages.yaml:6:14: error: No stage that "tool" needs copies ap from the context. [copy-without-effect]
  6 |     copies: {ap: {stage: gcc, path: /src/app}}
    |              ^~
  hint: Write the path as a COPY of tool/Dockerfile has it, without wildcards, or leave it out.
`,
      good: `$ cat tool/Dockerfile
FROM debian:12
COPY app /app
$ cat stages.yaml
sifstage: 1
stages:
  gcc: {from: gcc:12}
  tool:
    file: tool/Dockerfile
    copies: {app: {stage: gcc, path: /src/app}}
$ sifstage check stages.yaml
`,
    },
  },
  {
    name: 'copy-by-pattern',
    severity: 'error',
    summary: 'A file that a YAML description takes in copies by a pattern what another stage makes.',
    why: 'The pattern is looked for in the build context, where the path is not, or is an old one.',
    session: {
      bad: `$ cat tool/Dockerfile
FROM debian:12
COPY out/* /opt/
$ cat stages.yaml
sifstage: 1
stages:
  gcc: {from: gcc:12}
  tool:
    file: tool/Dockerfile
    copies: {out/app: {stage: gcc, path: /src/app}}
$ sifstage check stages.yaml
tool/Dockerfile:2:6: error: This pattern matches out/app, which stage "gcc" makes, but it is looked for in the build context alone. [copy-by-pattern]
  2 | COPY out/* /opt/
    |      ^~~~~
  hint: Copy out/app by its name.
`,
      good: `$ cat tool/Dockerfile
FROM debian:12
COPY out/app /opt/
$ cat stages.yaml
sifstage: 1
stages:
  gcc: {from: gcc:12}
  tool:
    file: tool/Dockerfile
    copies: {out/app: {stage: gcc, path: /src/app}}
$ sifstage check stages.yaml
`,
    },
  },
]
