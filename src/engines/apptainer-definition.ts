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

/** The text with a section before its own. */
function beforeSections(text: string, section: string): string {
  const lines = text.split('\n')
  const at = lines.findIndex(line => line.trimStart().startsWith('%'))
  const end = at === -1 ? lines.length : at
  return [...lines.slice(0, end), section, ...lines.slice(end)].join('\n')
}

/** Where `%setup` writes down the folders that it made for the secrets. */
export function secretsNote(work: StageWork): string {
  return `${work.folder}/secrets-place.json`
}

/**
 * A `%setup` that makes `/run/secrets` in the image, where the engine mounts the secrets: it cannot make the place
 * itself. Links are not followed: here they would be the machine's.
 */
function secretsPlace(work: StageWork): string {
  const note = shellQuote(secretsNote(work))
  return [
    '%setup',
    // Not in the person's log, which traces every line.
    '( { set +x; } 2>/dev/null; made= root=$SINGULARITY_ROOTFS',
    'for each in run run/secrets; do',
    '  if [ -L "$root/$each" ]; then echo "the image has a link at /$each, so that secrets cannot be mounted there" >&2; exit 1; fi',
    '  [ -d "$root/$each" ] || { mkdir -m 0755 "$root/$each"; made="$made${made:+,}{\\"path\\":\\"/$each\\"}"; }',
    'done',
    `echo "[$made]" >${note} )`,
    '',
    '',
  ].join('\n')
}

export function definitionFile(work: StageWork): string {
  const stubs = work.incoming.map(each => stub(each.name, each.folder)).join('')
  const own = work.stage.definition?.text ?? ''
  const bootstrap = bootstrapOf(work.base)
  const text =
    bootstrap !== undefined && (work.rebased || isRenamed(work.base)) ? withBase(own, bootstrap.agent, bootstrap.from) : own
  const whole = text.endsWith('\n') ? text : `${text}\n`
  return `${stubs}${work.secrets === undefined ? whole : beforeSections(whole, secretsPlace(work))}`
}
