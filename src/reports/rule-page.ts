/** A rule's page: for a terminal, and in Markdown for editors and services. */
import type {Example} from '../model/check.js'
import type {Severity} from '../model/diagnostic.js'
import type {Palette} from './palette.js'
import {wrapped} from './wrap.js'

export interface RulePage {
  readonly name: string
  readonly severity: Severity
  /** Findings of a conversion are about its result: no comment in the input silences them. */
  readonly group?: string
  readonly summary: string
  readonly why: string
  readonly bad?: readonly Example[]
  readonly good?: readonly Example[]
}

const languages = {def: 'definition file', dockerfile: 'Dockerfile', yaml: 'YAML'} as const
const blocks = {def: 'singularity', dockerfile: 'dockerfile', yaml: 'yaml'} as const

/** What the writers of findings take to be silenced by a comment. */
function silence(name: string): string {
  return `# sifstage: ignore ${name} REASON`
}

/** Files of the build context that an example needs. */
function filesOf({files = {}}: Example): string {
  const names = Object.keys(files)
  return names.length === 0 ? '' : `, with ${names.join(', ')} in the build context`
}

/** @param width columns of the terminal */
export function ruleText(page: RulePage, colours: Palette, width: number): string {
  const {name, severity, group, summary, why, bad = [], good = []} = page
  const example = (title: string, mark: string, one: Example | undefined) =>
    one === undefined
      ? []
      : [
          `${mark} ${colours.strong(title)} ${colours.faint(`(${languages[one.format]}${filesOf(one)})`)}`,
          ...one.text
            .trimEnd()
            .split('\n')
            .map(line => (line === '' ? '' : `    ${line}`)),
          '',
        ]
  return [
    `${colours.strong(name)}  ${colours[severity](severity)}`,
    '',
    ...wrapped(summary, width),
    '',
    ...wrapped(why, width),
    '',
    ...example('Found in', colours.error('✗'), bad[0]),
    ...example('Not in', colours.good('✓'), good[0]),
    ...(group === 'conversion'
      ? []
      : [colours.faint('To silence it, on the line of a finding or above it:'), `    ${silence(name)}`, '']),
  ].join('\n')
}

/** The text of an example as it is, however many backticks are in it. */
function block({format, text}: Example): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(match => match[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${blocks[format]}\n${text.trimEnd()}\n${fence}`
}

export function ruleMarkdown({name, group, summary, why, bad = [], good = []}: RulePage): string {
  const example = (title: string, one: Example | undefined) => (one === undefined ? [] : [`${title}\n\n${block(one)}`])
  return [
    `## ${name}`,
    summary,
    why,
    ...example('Found in:', bad[0]),
    ...example('Not in:', good[0]),
    ...(group === 'conversion' ? [] : [`To silence it on one line: \`${silence(name)}\``]),
  ].join('\n\n')
}
