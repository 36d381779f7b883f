/** The working definition file of one stage: stubs of the stages it copies from, then the stage's own text (D141, D144). */
import {withBase} from '../language/definition-header.js'
import {shellQuote} from '../language/shell.js'
import type {StageWork} from '../model/ports.js'
import {type Bootstrap, bootstrapOf, isRenamed, namedBootstrap} from './apptainer-base.js'

/** A stage that holds only what is copied from it. `cp -a` keeps owners as far as the namespace knows them. */
function stub(name: string, incoming: string): string {
  return `Bootstrap: scratch\nStage: ${name}\n\n%setup\n  cp -a ${shellQuote(`${incoming}/.`)} "$SINGULARITY_ROOTFS/"\n\n`
}

/** The text with a section before its own. */
function beforeSections(text: string, section: string): string {
  const lines = text.split('\n')
  const at = lines.findIndex(line => line.trimStart().startsWith('%'))
  const end = at === -1 ? lines.length : at
  return [...lines.slice(0, end), section, ...lines.slice(end)].join('\n')
}

/** Where `%setup` writes down the folders that it made for what the engine mounts. */
export function placesNote(work: StageWork): string {
  return `${work.folder}/mount-places.json`
}

/** Places in the image at which the engine mounts something for the time of the build. */
function mountPlaces(work: StageWork): string[] {
  return [...(work.secrets === undefined ? [] : ['/run/secrets']), ...work.keptFolders.map(each => each.target)]
}

/** Whether something is mounted into the stage that needs a place of its own. */
export function hasPlaces(work: StageWork): boolean {
  return mountPlaces(work).length > 0
}

/** Every folder on the way to a path, outermost first, without the slash at the start. */
function onTheWay(path: string): string[] {
  const parts = path.split('/').filter(part => part !== '')
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'))
}

/**
 * A `%setup` that makes the places in the image at which the engine mounts secrets and kept folders: it cannot make them
 * itself. Links are not followed: here they would be the machine's.
 */
function makePlaces(work: StageWork): string {
  const note = shellQuote(placesNote(work))
  const folders = [...new Set(mountPlaces(work).flatMap(onTheWay))]
  return [
    '%setup',
    // Not in the person's log, which traces every line.
    '( { set +x; } 2>/dev/null; made= root=$SINGULARITY_ROOTFS',
    `for each in ${folders.map(shellQuote).join(' ')}; do`,
    '  if [ -L "$root/$each" ]; then echo "the image has a link at /$each, so that nothing can be mounted there" >&2; exit 1; fi',
    '  [ -d "$root/$each" ] || { mkdir -m 0755 "$root/$each"; made="$made${made:+,}{\\"path\\":\\"/$each\\"}"; }',
    'done',
    `echo "[$made]" >${note} )`,
    '',
    '',
  ].join('\n')
}

function withHeader(work: StageWork, bootstrap: Bootstrap | undefined): string {
  const stubs = work.incoming.map(each => stub(each.name, each.folder)).join('')
  const own = work.stage.definition?.text ?? ''
  const text =
    bootstrap !== undefined && (work.rebased || isRenamed(work.base)) ? withBase(own, bootstrap.agent, bootstrap.from) : own
  const whole = text.endsWith('\n') ? text : `${text}\n`
  return `${stubs}${hasPlaces(work) ? beforeSections(whole, makePlaces(work)) : whole}`
}

/** Where the tree of the stage lies that this one starts from: an engine that copies its base wants the root for itself. */
export function parentFolder(work: StageWork): string {
  return `${work.folder}/parent`
}

/** What the engine is given. */
export function definitionFile(work: StageWork): string {
  const parent = work.base.kind === 'stage' ? {agent: 'localimage', from: parentFolder(work)} : undefined
  return withHeader(work, parent ?? bootstrapOf(work.base))
}

/** The same with the base's own name in the place of our copy's. */
export function namedDefinition(work: StageWork): string {
  return withHeader(work, namedBootstrap(work.base))
}
