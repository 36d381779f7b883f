import {chainOf} from '../../language/stages.js'
import type {Check} from '../../model/check.js'
import {has} from '../arguments.js'
import {type BaseFamily, familyOf} from '../bases.js'
import {diagnostic, quoted} from '../finding.js'
import {commandSpan, stageScript} from '../scripts.js'

export const externallyManagedPython: Check = {
  name: 'externally-managed-python',
  severity: 'warning',
  summary: 'A pip install into the Python of a distribution that does not let it.',
  why: 'Since Debian 12 and Ubuntu 23.04 pip refuses to install beside the packages of apt ("externally-managed-environment", PEP 668). Make a virtual environment (python3 -m venv /opt/venv) and use its pip, or say --break-system-packages, which does little harm in an image.',
  bad: [
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  apt-get update\n  apt-get install -y python3-pip\n  pip3 install --no-cache-dir numpy\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM ubuntu:24.04\nRUN apt-get update && apt-get install -y python3-pip\nRUN python3 -m pip install numpy\n',
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN apt-get update && apt-get install -y python3-venv && python3 -m venv /opt/venv && /opt/venv/bin/pip install numpy\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN apt-get update && apt-get install -y python3-pip\nRUN pip install --break-system-packages numpy\n',
    },
    {
      format: 'dockerfile',
      text: 'FROM ubuntu:22.04\nRUN apt-get update && apt-get install -y python3-pip && pip install numpy\n',
    },
    {format: 'dockerfile', text: 'FROM python:3.12\nRUN pip install numpy\n'},
  ],
  find: description =>
    description.stages.flatMap(stage => {
      if (!isManaged(familyOf(description, stage))) return []
      const chain = chainOf(description, stage)
      if (chain.length > 50) return []
      let own = false
      for (const each of chain) {
        for (const step of stageScript(description, each).steps) {
          if (step.kind === 'other') {
            // Another Python may come first in PATH, or be copied in.
            if (step.step.kind === 'env' && step.step.variables.some(one => /^(PATH|PIP_\w+|VIRTUAL_ENV)$/.test(one.name)))
              return []
            if (step.step.kind === 'copy' && step.step.from.kind !== 'context') return []
            continue
          }
          if (
            !step.readable ||
            /venv|conda|pyenv|EXTERNALLY-MANAGED|PIP_BREAK_SYSTEM_PACKAGES|pip\.conf|break-system-packages|get-pip/.test(
              step.text,
            )
          )
            return []
          if (/\bPATH=/.test(step.text)) return []
          for (const ran of step.ran) {
            if (/^(apt-get|apt)$/.test(ran.program ?? '') && has(ran.argv, /^python3-pip$/)) own = true
            const bare = /^pip3?$/.test(ran.argv[0]?.value ?? '')
            const module =
              /^python3?$/.test(ran.argv[0]?.value ?? '') && ran.argv[1]?.value === '-m' && ran.argv[2]?.value === 'pip'
            if (!own || each !== stage || (!bare && !module) || !has(ran.argv, /^install$/)) continue
            if (has(ran.argv, /^(--target|--prefix|--root|-t)(=|$)/)) continue
            return diagnostic(externallyManagedPython, {
              span: commandSpan(step, ran),
              stage,
              message: `pip refuses this in ${quoted(`${familyOf(description, stage).name}:${familyOf(description, stage).tag}`)} with "externally-managed-environment".`,
              hint: 'Use a virtual environment, or pip install --break-system-packages.',
            })
          }
        }
      }
      return []
    }),
}

/** Debian 12, Ubuntu 23.04 and later. */
function isManaged({name, tag}: BaseFamily): boolean {
  if (name === 'debian') return /^(1[2-9]|bookworm|trixie|forky|testing|sid|unstable|stable|latest)(\b|[.-]|$)/.test(tag)
  if (name === 'ubuntu') return /^(2[4-9]\.|23\.(04|10)|noble|oracular|plucky|lunar|mantic|latest)/.test(tag)
  return false
}
