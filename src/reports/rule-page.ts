/** A rule's page: for a terminal, and in Markdown for editors and services. */
import type {Example, Session} from '../model/check.js'
import type {Severity} from '../model/diagnostic.js'
import type {Palette} from './palette.js'
import {wrapped} from './wrap.js'

export interface RulePage {
  readonly name: string
  readonly severity: Severity
  /** Of some groups the findings are not about a line of the input: no comment there silences them. */
  readonly group?: string
  readonly summary: string
  readonly why: string
  readonly bad?: readonly Example[]
  readonly good?: readonly Example[]
  readonly session?: Session
}

const languages = {def: 'definition file', dockerfile: 'Dockerfile', yaml: 'YAML'} as const
const blocks = {def: 'singularity', dockerfile: 'dockerfile', yaml: 'yaml'} as const

/** What the writers of findings take to be silenced by a comment. */
function silence(name: string): string {
  return `# sifstage: ignore ${name} REASON`
}

/** Findings about results, machines and the command itself; and `syntax`, since a text that cannot be read has no comments. */
const LASTING: ReadonlySet<string> = new Set(['conversion', 'inputs', 'linking', 'build', 'host', 'failure'])

function canSilence({name, group}: RulePage): boolean {
  return name !== 'syntax' && !(group !== undefined && LASTING.has(group))
}

/** Files of the build context that an example needs. */
function filesOf({files = {}}: Example): string {
  const names = Object.keys(files)
  return names.length === 0 ? '' : `, with ${names.join(', ')} in the build context`
}

/** @param width columns of the terminal */
export function ruleText(page: RulePage, colours: Palette, width: number): string {
  const {name, severity, summary, why, bad = [], good = [], session} = page
  const indented = (text: string) =>
    text
      .trimEnd()
      .split('\n')
      .map(line => (line === '' ? '' : `    ${line}`))
  const typed = (title: string, mark: string, text: string | undefined) =>
    text === undefined ? [] : [`${mark} ${colours.strong(title)}`, ...indented(text), '']
  const example = (title: string, mark: string, one: Example | undefined) =>
    one === undefined
      ? []
      : [
          `${mark} ${colours.strong(title)} ${colours.faint(`(${languages[one.format]}${filesOf(one)})`)}`,
          ...indented(one.text),
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
    ...typed('Seen as', colours.error('✗'), session?.bad),
    ...typed('Not with', colours.good('✓'), session?.good),
    ...(canSilence(page)
      ? [colours.faint('To silence it, on the line of a finding or above it:'), `    ${silence(name)}`, '']
      : []),
  ].join('\n')
}

/** A text as it is, however many backticks are in it. */
function block(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(match => match[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`
}

export function ruleMarkdown(page: RulePage): string {
  const {name, summary, why, bad = [], good = [], session} = page
  const example = (title: string, one: Example | undefined) =>
    one === undefined ? [] : [`${title}\n\n${block(one.text, blocks[one.format])}`]
  const typed = (title: string, text: string | undefined) => (text === undefined ? [] : [`${title}\n\n${block(text, 'console')}`])
  return [
    `## ${name}`,
    summary,
    why,
    ...example('Found in:', bad[0]),
    ...example('Not in:', good[0]),
    ...typed('Seen as:', session?.bad),
    ...typed('Not with:', session?.good),
    ...(canSilence(page) ? [`To silence it on one line: \`${silence(name)}\``] : []),
  ].join('\n\n')
}
