import type {Check} from '../../model/check.js'
import {diagnostic, quoted} from '../finding.js'
import {bodySpan, linesOf, sectionsNamed} from './sections.js'

export const labelSpelling: Check = {
  name: 'label-spelling',
  severity: 'warning',
  summary: 'A line of %labels does not become the label that it looks like.',
  why: 'A label is NAME, a blank, VALUE, and nothing else (D30): "name=value" is a label of that whole name with an empty value, "Name: value" is called "Name:", a tab is part of the name, and quotes stay in the value.',
  bad: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%labels\n  version=1.2\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%labels\n  Author: A. Person\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%labels\n  Author\tA.Person\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%labels\n  "My name" value\n'},
  ],
  good: [
    {format: 'def', text: 'Bootstrap: docker\nFrom: debian:12\n%labels\n  # key = value\n  Version 1.2=3\n  org.example.flag\n'},
  ],
  find: description =>
    [...sectionsNamed(description, 'labels')].flatMap(({stage, section}) =>
      [...linesOf(section.body)].flatMap(({text, from}) => {
        const line = text.trim()
        if (line === '' || line.startsWith('#')) return []
        const [name = ''] = line.split(' ')
        const trouble = wrong(line, name)
        if (trouble === undefined) return []
        const start = from + text.indexOf(line)
        return diagnostic(labelSpelling, {
          span: bodySpan(section, start, start + name.length),
          stage,
          message: `This label is called ${quoted(name)}${trouble.empty ? ' and has no value' : ''}: only a blank parts a name from its value.`,
          hint: `Write ${trouble.write}.`,
        })
      }),
    ),
}

function wrong(line: string, name: string): {readonly write: string; readonly empty: boolean} | undefined {
  const empty = name === line
  if (name.startsWith('"')) return {write: 'a name without blanks and quotes', empty}
  const tab = name.indexOf('\t')
  if (tab !== -1) return {write: `"${name.slice(0, tab)} ${name.slice(tab).trim()}", with a blank`, empty}
  if (empty && name.includes('=')) {
    const at = name.indexOf('=')
    return {write: `"${name.slice(0, at)} ${name.slice(at + 1)}"`, empty}
  }
  if (name.length > 1 && /[:=]$/.test(name)) return {write: `"${name.slice(0, -1)}" without the ${quoted(name.slice(-1))}`, empty}
  return undefined
}
