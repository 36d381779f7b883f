import type {ShellItem} from '../../language/shell-commands.js'
import type {RanCommand} from '../../language/shell-walk.js'
import type {ShellWord} from '../../language/shell-words.js'
import type {Check} from '../../model/check.js'
import type {Span} from '../../model/span.js'
import {type BaseFamily, familyOf} from '../bases.js'
import {diagnostic, quoted} from '../finding.js'
import {definitionShell, placeIn, type RanStep, runSteps} from '../scripts.js'

/** What bash alone has. `ash`: busybox's shell has it too. */
interface Bashism {
  readonly what: string
  readonly instead: string
  readonly from: number
  readonly to: number
  readonly ash: boolean
}

export const bashInSh: Check = {
  name: 'bash-in-sh',
  severity: 'warning',
  summary: 'A script for bash is run by /bin/sh, which is another shell in this base.',
  why: 'On Debian and Ubuntu /bin/sh is dash, on Alpine it is busybox. There, source, [[ … ]], arrays, pushd, <<<, {a,b} and set -o pipefail fail or, worse, mean something else: mkdir /opt/{a,b} makes one folder of that odd name. Write "%post -c /bin/bash" with set -e as its first line (D60, D62), SHELL ["/bin/bash", "-c"] in a Dockerfile, or what POSIX has.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: ubuntu:22.04\n%post\n  source /opt/tool/env.sh\n  make\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%post\n  mkdir -p /opt/{bin,lib}\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nRUN if [[ -f /etc/x ]]; then echo x; fi\n'},
    {format: 'dockerfile', text: 'FROM alpine:3.20\nRUN files=(a b) && echo "${files[0]}"\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: ubuntu:22.04\n%post -c /bin/bash\n  set -e\n  source /opt/tool/env.sh\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: rockylinux:9\n%post\n  source /opt/tool/env.sh\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN source /x && [[ -f /y ]]\n'},
    {
      format: 'dockerfile',
      text: 'FROM debian:12\nRUN bash -c "source /x" && find . -exec ls {} + && awk \'{print $1, $2}\' x && . /x\n',
    },
    {format: 'dockerfile', text: 'FROM ubuntu:22.04\nRUN ln -sf bash /bin/sh\nRUN source /x\n'},
  ],
  find: description => {
    const replaced = new Set<number>()
    return [...runSteps(description)].flatMap(step => {
      // Whoever lays bash over /bin/sh knows why.
      if (step.ran.some(replacesShell)) replaced.add(step.stage.index)
      if (replaced.has(step.stage.index) || !readBySh(step)) return []
      const family = familyOf(description, step.stage)
      if (family.sh === 'bash') return []
      return report(step, family)
    })
  },
}

function replacesShell({program, argv}: RanCommand): boolean {
  if (/^(ln|mv|cp)$/.test(program ?? '')) return argv.some(each => each.value === '/bin/sh' || each.value === '/usr/bin/sh')
  return (
    argv.some(each => /^dash$|dash\/sh/.test(each.value ?? '')) &&
    /^(dpkg-reconfigure|echo|debconf-set-selections)$/.test(program ?? '')
  )
}

function readBySh({step, readable}: RanStep): boolean {
  if (!readable || step.where === 'host') return false
  const {command} = step
  if (command.kind === 'script') return definitionShell(step) === undefined
  if (command.kind === 'shell') return command.shell[0] === '/bin/sh' || command.shell[0] === 'sh'
  return false
}

function report(step: RanStep, family: BaseFamily) {
  const found = bashisms(step.text, step.items).filter(each => family.sh !== 'busybox' || !each.ash)
  const [first] = found
  if (first === undefined) return []
  const shell = family.sh === undefined ? undefined : family.sh
  const span: Span = placeIn(step, first)
  const others = new Set(found.map(each => each.what))
  others.delete(first.what)
  const more = others.size === 0 ? '' : ` Others in this script: ${[...others].slice(0, 4).join(', ')}.`
  return diagnostic(
    {...bashInSh, severity: shell === undefined ? 'info' : 'warning'},
    {
      span,
      stage: step.stage,
      message:
        shell === undefined
          ? `${first.what} is bash, and /bin/sh runs this: where that is dash or busybox, it fails or means something else.${more}`
          : `${first.what} is bash, and /bin/sh, which runs this, is ${shell} in ${quoted(`${family.name}${family.tag === '' ? '' : `:${family.tag}`}`)}.${more}`,
      hint: `${first.instead}, or ${step.stage.rules === 'def' ? 'write "%post -c /bin/bash" and "set -e"' : 'let bash run it: SHELL ["/bin/bash", "-c"]'}.`,
    },
  )
}

const commands: ReadonlyMap<string, {readonly instead: string; readonly ash: boolean}> = new Map([
  ['source', {instead: 'Write . FILE', ash: true}],
  ['[[', {instead: 'Write [ … ]', ash: true}],
  ['pushd', {instead: 'Use cd in a subshell', ash: false}],
  ['popd', {instead: 'Use cd in a subshell', ash: false}],
  ['shopt', {instead: 'Leave it out', ash: false}],
  ['declare', {instead: 'Assign plain variables', ash: false}],
  ['mapfile', {instead: 'Use while read', ash: false}],
  ['readarray', {instead: 'Use while read', ash: false}],
])

function bashisms(text: string, items: readonly ShellItem[]): Bashism[] {
  const found: Bashism[] = []
  items.forEach((item, at) => {
    if (
      item.kind === 'open' &&
      item.of === 'function' &&
      /\bfunction\s+\w+\s*(\(\s*\)\s*)?$/.test(text.slice(Math.max(0, item.from - 80), item.from))
    )
      found.push({what: '"function"', instead: 'Write NAME() { … }', from: item.from, to: item.from + 1, ash: true})
    if (item.kind !== 'command') return
    const [first] = item.words
    const name = first === undefined ? '' : text.slice(first.from, first.to)
    const known = commands.get(name)
    const next = items[at + 1]
    // `source x || . x` knows that it may fail.
    const heeded = name === 'source' && next?.kind === 'command' && next.after === '||'
    if (first !== undefined && known !== undefined && !heeded)
      found.push({what: quoted(name), instead: known.instead, from: first.from, to: first.to, ash: known.ash})
    if (name === 'set' && /\bpipefail\b/.test(text.slice(item.from, Math.min(item.to, item.from + 200))))
      found.push({what: '"set -o pipefail"', instead: 'Leave it out', from: item.from, to: item.to, ash: true})
    for (const {from, value} of item.assignments) {
      if (/^\w+\+?=\(/.test(text.slice(from, from + 200)))
        found.push({what: 'an array', instead: 'Use words in one variable', from, to: value.to, ash: false})
    }
    for (const {operator, target} of item.redirects) {
      if (operator === '<<<')
        found.push({what: '"<<<"', instead: 'Use printf and a pipe', from: target.from - 3, to: target.to, ash: false})
    }
    if (name === 'awk' || name === 'find' || name === 'xargs' || name === 'for') return
    for (const word of item.words.slice(1)) {
      if (!hasBraces(text, word)) continue
      found.push({
        what: `the list in ${quoted(text.slice(word.from, word.to))}`,
        instead: 'Write each word',
        from: word.from,
        to: word.to,
        ash: false,
      })
    }
  })
  return found
}

/** An unquoted `{a,b}` or `{1..3}`. */
function hasBraces(text: string, word: ShellWord): boolean {
  if (!text.slice(word.from, word.to).includes('{')) return false
  const bare = word.parts.map(part => (part.kind === 'text' && !part.quoted ? part.text : 'x')).join('')
  return /(^|[^$])\{[^{}]*(,|\.\.)[^{}]*\}/.test(bare.slice(0, 2000))
}
