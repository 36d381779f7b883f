import type {RanCommand} from '../../language/shell-walk.js'
import {chainOf} from '../../language/stages.js'
import type {Check} from '../../model/check.js'
import {plainText} from '../../model/template.js'
import {resolveTarget} from '../../plan/graph.js'
import {has} from '../arguments.js'
import {diagnostic} from '../finding.js'
import {commandSpan, type RanStep, stageScript} from '../scripts.js'

interface Leftover {
  readonly what: string
  readonly hint: string
  readonly installs: (ran: RanCommand) => boolean
  /** The command removes them, or leaves none. */
  readonly cleans: (ran: RanCommand) => boolean
  /** Folders of mounts that keep them out of the image. */
  readonly folder: RegExp
  /** A variable that keeps them from being made. */
  readonly variable?: RegExp
}

const removes = (pattern: RegExp) => (ran: RanCommand) => /^(rm|find|sh|bash)$/.test(ran.program ?? '') && has(ran.argv, pattern)
const isProgram = (ran: RanCommand, pattern: RegExp) => pattern.test(ran.program ?? '')

const leftovers: readonly Leftover[] = [
  {
    what: 'The package lists of apt stay in the image (20 to 60 MB)',
    hint: 'End the step with rm -rf /var/lib/apt/lists/*',
    installs: ran => isProgram(ran, /^(apt-get|apt|aptitude)$/) && has(ran.argv, /^update$/),
    cleans: removes(/^\/var\/(lib\/(apt(\/(lists(\/\*?)?)?|\/?\*)?|\{.*apt.*\}.*)|\*)$|^\/var\/lib\/apt/),
    folder: /^\/var(\/lib(\/apt)?)?(\/|$)/,
  },
  {
    what: 'The caches of dnf or yum stay in the image',
    hint: 'End the step with dnf clean all',
    installs: ran => isProgram(ran, /^(dnf|yum|microdnf)$/) && has(ran.argv, /^(install|groupinstall|update|upgrade)$/),
    cleans: ran => (isProgram(ran, /^(dnf|yum|microdnf)$/) && has(ran.argv, /^clean$/)) || removes(/^\/var\/cache(\/|$)/)(ran),
    folder: /^\/var(\/cache)?(\/|$)/,
  },
  {
    what: 'The caches of zypper stay in the image',
    hint: 'End the step with zypper clean --all',
    installs: ran => isProgram(ran, /^zypper$/) && has(ran.argv, /^(install|in|update|up)$/),
    cleans: ran => (isProgram(ran, /^zypper$/) && has(ran.argv, /^(clean|cc)$/)) || removes(/^\/var\/cache(\/|$)/)(ran),
    folder: /^\/var(\/cache)?(\/|$)/,
  },
  {
    what: 'The index of apk stays in the image',
    hint: 'Use apk add --no-cache',
    installs: ran => isProgram(ran, /^apk$/) && has(ran.argv, /^(add|update)$/) && !has(ran.argv, /^--no-cache$/),
    cleans: removes(/^\/var\/cache(\/apk)?(\/|$)/),
    folder: /^\/var(\/cache)?(\/|$)|^\/etc\/apk/,
  },
  {
    what: 'The cache of pip stays in the image',
    hint: 'Use pip install --no-cache-dir',
    installs: ran => isPipInstall(ran) && !has(ran.argv, /^--no-cache(-dir)?$/),
    cleans: ran =>
      (isProgram(ran, /^pip3?$/) && has(ran.argv, /^cache$/)) || removes(/(^|\/)\.cache(\/|$)|^\/root\/?\.?\*?$|^~/)(ran),
    folder: /\.cache/,
    variable: /^PIP_NO_CACHE_DIR$/,
  },
  {
    what: 'The packages that conda fetched stay in the image, beside what was installed of them',
    hint: 'End the step with conda clean --all --yes',
    installs: ran =>
      isProgram(ran, /^(conda|mamba|micromamba)$/) && has(ran.argv, /^(install|create|update)$/) && !has(ran.argv, /--help/),
    cleans: ran => (isProgram(ran, /^(conda|mamba|micromamba)$/) && has(ran.argv, /^clean$/)) || removes(/\/pkgs(\/|$)/)(ran),
    folder: /pkgs|^\/opt\/conda/,
  },
]

function isPipInstall({program, argv}: RanCommand): boolean {
  if (/^pip3?(\.\d+)?$/.test(program ?? '')) return has(argv.slice(1, 3), /^install$/)
  return (
    /^python3?(\.\d+)?$/.test(program ?? '') &&
    argv[1]?.value === '-m' &&
    argv[2]?.value === 'pip' &&
    argv[3]?.value === 'install'
  )
}

export const packageListsLeft: Check = {
  name: 'package-lists-left',
  severity: 'info',
  summary: 'Lists and caches of a package manager stay in the image that is made.',
  why: 'They are of no use to anybody who runs the image, age within days, and are often larger than what was installed. A .sif has no layers, so it is enough that some later step of the stage removes them; in a Docker image it has to be the same RUN. Stages that are only copied from do not matter.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  apt-get update\n  apt-get install -y samtools\n'},
    {format: 'dockerfile', text: 'FROM alpine:3.20\nRUN apk add bash\n'},
    {format: 'dockerfile', text: 'FROM rockylinux:9\nRUN dnf -y install gcc\n'},
    {format: 'dockerfile', text: 'FROM python:3.12\nRUN pip install numpy\n'},
  ],
  good: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\nStage: build\n%post\n  apt-get update\n  apt-get install -y gcc\n\nBootstrap: docker\nFrom: debian:12\n%files from build\n  /usr/bin/gcc /usr/bin/gcc\n%post\n  apt-get update && apt-get install -y samtools\n  rm -rf /var/lib/apt/lists/*\n',
    },
    {format: 'dockerfile', text: 'FROM alpine:3.20\nRUN apk add --no-cache bash\n'},
    {
      format: 'dockerfile',
      text: 'FROM python:3.12\nENV PIP_NO_CACHE_DIR=1\nRUN pip install numpy\nRUN --mount=type=cache,target=/root/.cache/pip pip install scipy\n',
    },
  ],
  find(description, scene) {
    const target = resolveTarget(description, scene.target)
    if (target.kind === 'unknown') return []
    const steps = chainOf(description, target.stage).flatMap(stage => stageScript(description, stage).steps)
    const variables = new Set(
      steps.flatMap(each => (each.kind === 'other' && each.step.kind === 'env' ? each.step.variables.map(one => one.name) : [])),
    )
    const runs = steps.filter((each): each is RanStep => each.kind === 'run' && each.step.where === 'image')
    return leftovers.flatMap(leftover => {
      if ([...variables].some(name => leftover.variable?.test(name) === true)) return []
      let open: {step: RanStep; ran: RanCommand} | undefined
      for (const step of runs) {
        const mounted = (step.step.mounts ?? []).some(
          mount => (mount.kind === 'cache' || mount.kind === 'tmpfs') && leftover.folder.test(plainText(mount.target) ?? ''),
        )
        if (mounted) continue
        for (const ran of step.ran) {
          const told =
            ran.program === 'export' && ran.argv.some(each => leftover.variable?.test(each.raw.split('=')[0] ?? '') === true)
          if (told) return []
          if (leftover.cleans(ran)) open = undefined
          else if (leftover.installs(ran)) open ??= {step, ran}
        }
        // A script of its own may clean up.
        if (!step.readable) open = undefined
      }
      if (open === undefined) return []
      return diagnostic(packageListsLeft, {
        span: commandSpan(open.step, open.ran),
        stage: open.step.stage,
        message: `${leftover.what}: no later command removes them.`,
        hint: `${leftover.hint}.`,
      })
    })
  },
}
