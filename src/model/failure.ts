/** A command that could not begin, or was stopped, as a finding: what `--json` prints and editors show in the place of a result. */
import type {RuleText} from './check.js'
import type {Diagnostic} from './diagnostic.js'
import {ExitCode, SifstageError} from './errors.js'
import type {Span} from './span.js'

function ruleOf(exitCode: ExitCode): string {
  switch (exitCode) {
    case ExitCode.bug:
      return 'bug'
    case ExitCode.noEngine:
      return 'no-engine'
    case ExitCode.interrupted:
    case ExitCode.terminated:
      return 'interrupted'
    default:
      return 'failed'
  }
}

/** @param cause what was thrown @param exitCode what the program ends with for it */
export function failureFinding(cause: unknown, exitCode: ExitCode, span: Span): Diagnostic {
  const hint = cause instanceof SifstageError ? cause.hint : undefined
  return {
    rule: ruleOf(exitCode),
    severity: 'error',
    message: cause instanceof Error ? cause.message : String(cause),
    ...(hint === undefined ? {} : {hint}),
    span,
  }
}

/** What keeps an editor from judging an input: the settings of the project or the user. */
export function settingsFinding({message, hint}: SifstageError, span: Span): Diagnostic {
  return {rule: 'settings', severity: 'error', message, ...(hint === undefined ? {} : {hint}), span}
}

export const failureRules: readonly RuleText[] = [
  {
    name: 'failed',
    severity: 'error',
    summary:
      'The command could not be carried out. `--json` has it as a finding; otherwise it is the line that begins with "error:".',
    why: 'A flag that cannot be meant, a file that cannot be read, a disk or a registry: docs/errors.md lists every such message with its exit code and what to do.',
    session: {
      bad: `$ sifstage build lab3.def -o lab3 --json
{
  [...]
      "rule": "failed",
      "severity": "error",
      "message": "-o lab3: the name does not tell what to write",
  [...]
}
`,
      good: `$ sifstage build lab3.def -o lab3.sif --json
`,
    },
  },
  {
    name: 'no-engine',
    severity: 'error',
    summary: 'Nothing that is installed here can do the work. The exit code is 4.',
    why: 'Apptainer, Docker, podman or buildah is missing, or cannot work for this user. `sifstage engines` says of each what it lacks and what to do about it.',
    session: {
      bad: `$ sifstage build lab3.def --json
{
  [...]
      "rule": "no-engine",
      "severity": "error",
      "message": "no usable engine: apptainer: it is not installed",
  [...]
}
`,
      good: `$ sifstage engines
$ sifstage build lab3.def --json
`,
    },
  },
  {
    name: 'interrupted',
    severity: 'error',
    summary: 'A signal stopped the command. The exit code is 130 (Ctrl-C) or 143 (SIGTERM, SIGHUP).',
    why: 'The engine is ended and its leavings are removed. Finished stages are kept, and what is at the place of OUT is as it was.',
    session: {
      bad: `$ timeout 10 sifstage build lab3.def --json
{
  [...]
      "rule": "interrupted",
      "severity": "error",
  [...]
}
`,
      good: `$ sifstage build lab3.def --json
`,
    },
  },
  {
    name: 'bug',
    severity: 'error',
    summary: 'A bug: sifstage itself is wrong. The exit code is 70.',
    why: 'Please report it, with what stands on standard error and the input if you may show it.',
    session: {
      bad: `$ sifstage check lab3.def --json
{
  [...]
      "rule": "bug",
      "severity": "error",
  [...]
}
`,
      good: `$ sifstage check lab3.def --json
`,
    },
  },
  {
    name: 'settings',
    severity: 'error',
    summary: 'An editor cannot judge the input, since sifstage.config.yaml or the settings of the user cannot be read.',
    why: 'The settings decide which bases stand in for others. A command line ends with the same message.',
    session: {
      bad: `$ cat sifstage.config.yaml
jobs: many
$ sifstage lsp
[...]
1:1 error: sifstage.config.yaml:1:7: jobs should be a whole number from 1 on [settings]
`,
      good: `$ cat sifstage.config.yaml
jobs: 4
$ sifstage lsp
`,
    },
  },
]
