/** The working definition file of one stage: stubs of the stages it copies from, then the stage's own text (D141, D144). */
import {shellQuote} from '../language/shell.js'
import type {StageWork} from '../model/ports.js'
import {bootstrapOf, isRenamed} from './apptainer-base.js'

/** A stage that holds only what is copied from it. `cp -a` keeps owners as far as the namespace knows them. */
function stub(name: string, incoming: string): string {
  return `Bootstrap: scratch\nStage: ${name}\n\n%setup\n  cp -a ${shellQuote(`${incoming}/.`)} "$SINGULARITY_ROOTFS/"\n\n`
}

/** Header keys that say where the base comes from. */
const SOURCE_KEYS = new Set([
  'bootstrap',
  'from',
  'registry',
  'namespace',
  'library',
  'mirrorurl',
  'updateurl',
  'osversion',
  'include',
  'includecmd',
  'fingerprints',
])

/** The text with another base in its header; all else stays as it is (D9, D14, D16). */
function withBase(text: string, agent: string, from: string): string {
  const lines = text.split('\n')
  const kept: string[] = []
  let i = 0
  for (; i < lines.length; i += 1) {
    const line = lines[i] ?? ''
    if (line.trimStart().startsWith('%')) break
    const key = line
      .slice(0, Math.max(0, line.indexOf(':')))
      .trim()
      .toLowerCase()
    const drop = !line.trimStart().startsWith('#') && SOURCE_KEYS.has(key)
    if (!drop) kept.push(line)
    // A value that ends in a backslash goes on in the next line.
    while (drop && (lines[i] ?? '').trimEnd().endsWith('\\') && i + 1 < lines.length) i += 1
  }
  return [`Bootstrap: ${agent}`, ...(from === '' ? [] : [`From: ${from}`]), ...kept, ...lines.slice(i)].join('\n')
}

export function definitionFile(work: StageWork): string {
  const stubs = work.incoming.map(each => stub(each.name, each.folder)).join('')
  const own = work.stage.definition?.text ?? ''
  const bootstrap = bootstrapOf(work.base)
  const text =
    bootstrap !== undefined && (work.rebased || isRenamed(work.base)) ? withBase(own, bootstrap.agent, bootstrap.from) : own
  return `${stubs}${text.endsWith('\n') ? text : `${text}\n`}`
}
