/** A definition file of a case, as it is for Apptainer and as sifstage makes a Dockerfile of it. */
import {createHash} from 'node:crypto'
import {chmodSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {type Case, layCase, wordsOf} from '../../support/cases.js'
import {root} from '../../support/engine.js'

export type Converted =
  | {readonly kind: 'written'; readonly text: string; readonly rules: readonly string[]}
  | {readonly kind: 'refused'; readonly rules: readonly string[]; readonly messages: string}

export const caseFolder = join(import.meta.dirname, 'cases')

/** Lays a case below a folder that everybody can enter, and converts its definition in its context. */
export async function convertCase(each: Case, folder: string): Promise<Converted> {
  mkdirSync(folder, {recursive: true})
  chmodSync(folder, 0o777)
  layCase(each, folder)
  writeFileSync(join(folder, 'x.def'), each.parts.get('x.def') ?? '')
  const options = wordsOf(each.parts.get('options')).flatMap(line => line.split(' '))
  const ran = await execa(
    join(root, 'bin/sifstage'),
    ['convert', '../x.def', '--to', 'dockerfile', '-o', '../Dockerfile', '--json', ...options],
    {cwd: join(folder, 'context'), reject: false, stdin: 'ignore', env: {NO_COLOR: '1'}},
  )
  if (ran.exitCode !== 0 && ran.exitCode !== 3) throw new Error(`convert: exit ${ran.exitCode}: ${ran.stderr}`)
  const {diagnostics} = JSON.parse(ran.stdout) as {diagnostics: {severity: string; rule: string}[]}
  const rules = (severity: string) => [...new Set(diagnostics.filter(d => d.severity === severity).map(d => d.rule))]
  return ran.exitCode === 0
    ? {kind: 'written', text: readFileSync(join(folder, 'Dockerfile'), 'utf8'), rules: rules('warning')}
    : {kind: 'refused', rules: rules('error'), messages: ran.stderr}
}

export function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}

/** The base of the last stage, for telling what a case itself adds. */
export function baseOf(each: Case): string {
  const text = each.parts.get('x.def') ?? ''
  const last = text.split(/^bootstrap:/im).at(-1) ?? ''
  return /^\s*scratch\b/.test(last) ? 'scratch' : (/^from:\s*(\S+)/im.exec(last)?.[1] ?? 'scratch')
}

/** The same definition with its bases from OCI layouts, so that no registry is needed. */
export function localDefinition(each: Case, bases: string): string {
  const text = each.parts.get('x.def') ?? ''
  return text.replace(/^Bootstrap: docker\nFrom: ([a-z-]+)$/gm, (_, name: string) => `Bootstrap: oci\nFrom: ${join(bases, name)}`)
}
