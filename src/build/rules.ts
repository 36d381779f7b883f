/** What a build reports of itself, in words; what it finds in artifacts is with the checks of artifacts. */
import type {RuleText} from '../model/check.js'

const dockerfile = (text: string) => [{format: 'dockerfile', text}] as const
const def = (text: string) => [{format: 'def', text}] as const

export const buildRules: readonly RuleText[] = [
  {
    name: 'stage-failed',
    severity: 'error',
    summary: 'A stage could not be built: a command of it failed, its test did, or its base cannot be had.',
    why: 'No stage that needs it is started, and what is at the place of OUT is left as it was. Stages that were finished are kept. The last lines of the output follow, with the path of the whole log; --on-failure keep leaves the tree for `sifstage shell`.',
    session: {
      bad: `$ sifstage build lab3.def
[...]
lab3.def:8:1: error: stage "compiler": build failed (status 255): while running engine: exit status 1 [stage-failed]
not run: final
lab3.sif was not written.
`,
      good: `$ sifstage build lab3.def
[...]
lab3.sif  1.3 MB
`,
    },
  },
  {
    name: 'output-failed',
    severity: 'error',
    summary: 'The stages are built, and OUT could not be written.',
    why: 'Nothing is lost: the stages are in the store, and the same command writes OUT from there once its place can be written.',
    session: {
      bad: `$ sifstage build lab3.def -o /full/lab3.sif
[...]
lab3.def:1:1: error: /full/lab3.sif cannot be written: no space left on device [output-failed]
`,
      good: `$ sifstage build lab3.def -o lab3.sif
[...]
lab3.sif  1.3 MB
`,
    },
  },
  {
    name: 'secret-missing',
    severity: 'error',
    summary: 'A command cannot do without a secret (required=true), and the build was not given it.',
    why: 'It would fail in the middle of the build. Secrets come from the command line, so that they are neither in the input nor in the image.',
    bad: dockerfile('FROM debian:12\nRUN --mount=type=secret,id=token,required=true cat /run/secrets/token\n'),
    good: dockerfile('FROM debian:12\nRUN --mount=type=secret,id=token test ! -e /run/secrets/token\n'),
  },
  {
    name: 'ssh-mount',
    severity: 'error',
    summary: 'A command asks for an ssh agent, and sifstage hands none to commands.',
    why: 'An error where the command cannot do without one (required=true). Otherwise it is a warning, and the command runs without, as with `docker build` that was given no --ssh.',
    bad: dockerfile('FROM debian:12\nRUN --mount=type=ssh,required=true git clone git@example.org:lab/tool\n'),
    good: dockerfile(
      'FROM debian:12\nRUN --mount=type=secret,id=key git -c core.sshCommand="ssh -i /run/secrets/key" clone git@example.org:lab/tool\n',
    ),
  },
  {
    name: 'run-insecure',
    severity: 'warning',
    summary: 'A command asks for the rights of real root (RUN --security=insecure).',
    why: 'Here it is root in a user namespace only: what needs devices or kernel modules fails there.',
    bad: dockerfile('# syntax=docker/dockerfile:1-labs\nFROM debian:12\nRUN --security=insecure mount -t tmpfs none /mnt\n'),
    good: dockerfile('FROM debian:12\nRUN mkdir -p /mnt\n'),
  },
  {
    name: 'secret-place',
    severity: 'error',
    summary:
      'A secret or a kept folder (--cache-mount) cannot be mounted, since the %setup of the stage has arguments of its own.',
    why: 'The places for what is mounted are made at the start of %setup, by commands of /bin/sh. With arguments it is another program, or another language.',
    bad: def(
      'Bootstrap: docker\nFrom: debian:12\n%setup -c /bin/bash\n  touch "$APPTAINER_ROOTFS/x"\n%post\n  cat /run/secrets/token\n',
    ),
    good: def('Bootstrap: docker\nFrom: debian:12\n%setup\n  touch "$APPTAINER_ROOTFS/x"\n%post\n  cat /run/secrets/token\n'),
  },
]
