import {copiesOf} from '../../language/stage-copies.js'
import type {Check} from '../../model/check.js'
import type {Description, Stage} from '../../model/description.js'
import type {ImageReference} from '../../model/reference.js'
import {parseDockerName} from '../../model/reference.js'
import type {Span} from '../../model/span.js'
import {diagnostic, quoted} from '../finding.js'

export const baseNotPinned: Check = {
  name: 'base-not-pinned',
  severity: 'info',
  summary: 'A base has no version: what it is changes from one day to the next.',
  why: 'A reference without a tag means :latest, which is another image after each release. What built yesterday may not build today, and nobody can tell from the input what an image was made of. A tag of a version is better, a digest (@sha256:…) is exact.',
  bad: [
    {format: 'dockerfile', text: 'FROM debian\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: ubuntu:latest\n'},
    {format: 'dockerfile', text: 'FROM debian:12\nCOPY --from=busybox /bin/sh /bin/\n'},
  ],
  good: [
    {format: 'dockerfile', text: 'FROM debian:12\n'},
    {format: 'def', text: `Bootstrap: docker\nFrom: ubuntu@sha256:${'0123456789abcdef'.repeat(4)}\n`},
    {format: 'def', text: 'Bootstrap: localimage\nFrom: base.sif\n'},
    {format: 'dockerfile', text: 'FROM scratch\n'},
  ],
  find: description => {
    const told = new Set<string>()
    return references(description).flatMap(({stage, reference, span}) => {
      if (!isFloating(reference) || told.has(reference.name)) return []
      told.add(reference.name)
      return diagnostic(baseNotPinned, {
        span,
        stage,
        message: `${quoted(reference.name)} is the latest version at the time of the build, whatever that is.`,
        hint: 'Name a version as its tag, or a digest.',
      })
    })
  },
}

function references(description: Description): {stage: Stage; reference: ImageReference; span: Span}[] {
  return description.stages.flatMap(stage => [
    ...(stage.base.kind === 'image' ? [{stage, reference: stage.base.reference, span: stage.base.span}] : []),
    ...copiesOf(stage).flatMap(({from}) =>
      from.kind === 'image' && from.replacement === undefined ? [{stage, reference: from.reference, span: from.span}] : [],
    ),
  ])
}

function isFloating({transport, name}: ImageReference): boolean {
  if (transport === 'docker') {
    const {tag, digest} = parseDockerName(name)
    return digest === undefined && (tag === undefined || tag === 'latest')
  }
  if (transport !== 'library' && transport !== 'oras' && transport !== 'shub') return false
  const last = name.slice(name.lastIndexOf('/') + 1)
  return !/[:@]/.test(last) || last.endsWith(':latest')
}
