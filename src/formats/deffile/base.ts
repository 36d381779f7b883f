/** What a stage starts from: the bootstrap agents of D50. */

import {nearest} from '../../language/distance.js'
import type {Base} from '../../model/description.js'
import type {Span} from '../../model/span.js'
import type {HeaderEntry} from './header.js'
import {type Problems, shown} from './problems.js'
import type {SourceText} from './source.js'

interface Agent {
  readonly kind: 'docker' | 'transport' | 'local' | 'scratch' | 'mirror'
  /** Header keys that it cannot do without. */
  readonly needs: readonly string[]
}

const agents: Readonly<Record<string, Agent>> = {
  docker: {kind: 'docker', needs: ['From']},
  library: {kind: 'transport', needs: ['From']},
  oras: {kind: 'transport', needs: ['From']},
  shub: {kind: 'transport', needs: ['From']},
  'docker-daemon': {kind: 'transport', needs: ['From']},
  localimage: {kind: 'local', needs: ['From']},
  oci: {kind: 'local', needs: ['From']},
  'oci-archive': {kind: 'local', needs: ['From']},
  'docker-archive': {kind: 'local', needs: ['From']},
  scratch: {kind: 'scratch', needs: []},
  busybox: {kind: 'mirror', needs: ['MirrorURL']},
  debootstrap: {kind: 'mirror', needs: ['MirrorURL', 'OSVersion']},
  yum: {kind: 'mirror', needs: ['MirrorURL']},
  dnf: {kind: 'mirror', needs: ['MirrorURL']},
  zypper: {kind: 'mirror', needs: []},
  arch: {kind: 'mirror', needs: []},
  /** Apptainer 1.5 and later: builds a Dockerfile. */
  buildkit: {kind: 'mirror', needs: []},
}

export function isAgent(name: string): boolean {
  return Object.hasOwn(agents, name)
}

/** The base that a header names. Undefined, with a `syntax` problem, when Apptainer knows no such agent. */
export function readBase(
  source: SourceText,
  headers: ReadonlyMap<string, HeaderEntry>,
  bootstrap: HeaderEntry,
  stage: string,
  problems: Problems,
): Base | undefined {
  const agent = isAgent(bootstrap.value) ? agents[bootstrap.value] : undefined
  const agentSpan = valueSpan(source, bootstrap)
  if (agent === undefined) {
    unknownAgent(bootstrap.value, agentSpan, problems)
    return undefined
  }
  for (const key of agent.needs) {
    if ((headers.get(key.toLowerCase())?.value ?? '') === '') missing(bootstrap.value, key, agentSpan, stage, problems)
  }
  if (bootstrap.value === 'buildkit') newerAgent(agentSpan, stage, problems)
  const from = headers.get('from')
  const name = from?.value ?? ''
  const span = from === undefined ? agentSpan : valueSpan(source, from)
  switch (agent.kind) {
    case 'docker':
      return {kind: 'image', reference: {transport: 'docker', name: prefixed(name, headers)}, span}
    case 'transport': {
      const prefix = `${bootstrap.value}://`
      return {
        kind: 'image',
        reference: {transport: bootstrap.value, name: name.startsWith(prefix) ? name.slice(prefix.length) : name},
        span,
      }
    }
    case 'local':
      switch (bootstrap.value) {
        case 'oci':
        case 'oci-archive':
        case 'docker-archive':
          return {kind: 'local', reference: {agent: bootstrap.value, path: name}, span}
        default:
          return {kind: 'local', reference: {agent: 'localimage', path: name}, span}
      }
    case 'scratch':
      return {kind: 'scratch', span: agentSpan}
    case 'mirror':
      return {kind: 'mirror', agent: bootstrap.value, header: headerText(headers), span: agentSpan}
  }
}

/** What a base is made of, however its header is laid out. */
function headerText(headers: ReadonlyMap<string, HeaderEntry>): string {
  return [...headers]
    .filter(([key]) => key !== 'stage')
    .map(([key, {value}]) => `${key}: ${value}`)
    .sort()
    .join('\n')
}

/** D50: `[Registry/][Namespace/]From`. */
function prefixed(name: string, headers: ReadonlyMap<string, HeaderEntry>): string {
  const parts = [headers.get('registry')?.value ?? '', headers.get('namespace')?.value ?? '', name]
  return parts.filter(part => part !== '').join('/')
}

export function valueSpan(source: SourceText, entry: HeaderEntry): Span {
  const {start, end} = entry.valueRange
  return start < end ? source.span(start, end) : source.span(entry.keyRange.start, entry.keyRange.end)
}

function unknownAgent(name: string, span: Span, problems: Problems): void {
  if (name === '') {
    problems.syntax(span, 'Bootstrap: names no agent.', `Write one of: ${Object.keys(agents).join(', ')}.`)
    return
  }
  const meant = nearest(name.toLowerCase(), Object.keys(agents))
  problems.syntax(
    span,
    `Apptainer knows no bootstrap agent "${shown(name)}".`,
    meant === undefined
      ? `It knows: ${Object.keys(agents).join(', ')}.`
      : `Did you mean ${meant}?${meant === name.toLowerCase() ? ' Agents are written in lower case.' : ''}`,
  )
}

/** D52: without From, localimage takes the *current folder* as the image; the others fail only once the build runs. */
function missing(agent: string, key: string, span: Span, stage: string, problems: Problems): void {
  const why =
    agent === 'localimage'
      ? 'Apptainer would copy the whole current folder as the base image.'
      : 'The build fails when this stage starts.'
  problems.add(
    key === 'From' ? 'missing-from' : 'missing-header',
    'error',
    span,
    `Bootstrap: ${agent} needs a "${key}:" line, and this stage has none. ${why}`,
    `Add "${key}: …" to the header.`,
    stage,
  )
}

function newerAgent(span: Span, stage: string, problems: Problems): void {
  problems.add(
    'newer-agent',
    'warning',
    span,
    'Bootstrap: buildkit exists only from Apptainer 1.5 on; older ones refuse the file.',
    'Give sifstage the Dockerfile itself.',
    stage,
  )
}
