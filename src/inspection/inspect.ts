/** Looks at an image from every side: topics say what they want to see, it is read in at most three passes, and they judge. */
import {isOdd} from '../images/names.js'
import {readPrograms} from '../images/programs.js'
import {readSmallFiles} from '../images/small-files.js'
import {parseImageConfig} from '../language/image-config.js'
import type {Image} from '../model/image.js'
import {readMarks} from './marks.js'
import {ownPrograms} from './own-programs.js'
import type {Facts, Names} from './topic.js'
import {type Inspected, lookAtAll, topics} from './topics.js'

export interface InspectOptions {
  /** Digests of files that stages hand on (`ImageEntry.digest`). */
  readonly artifacts: ReadonlySet<string>
  readonly signal: AbortSignal
}

/** More files of one kind are nobody's settings. */
const MOST_TEXTS = 2000

function namesOf(image: Image, artifacts: ReadonlySet<string>): Names {
  const entries = [...image.tree.below('/')]
  const {own, count} = ownPrograms(entries, artifacts)
  return {
    tree: image.tree,
    entries,
    architecture: image.architecture,
    config: image.config === undefined ? undefined : parseImageConfig(configObject(image.config)),
    untold: image.untold ?? [],
    own,
    ownCount: count,
  }
}

/** An OCI configuration holds what runs in its `config`; some forms hand over that part alone. */
function configObject(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text)
    if (typeof parsed === 'object' && parsed !== null && 'config' in parsed && typeof parsed.config === 'object')
      return JSON.stringify(parsed.config)
  } catch {
    // Judged as what it is by whoever reads it.
  }
  return text
}

async function factsOf(image: Image, names: Names, signal: AbortSignal): Promise<Facts> {
  const texts = new Set<string>()
  const programs = new Set(names.own)
  const marks = new Map<string, RegExp>()
  for (const topic of Object.values(topics)) {
    const wants = topic.wants?.(names) ?? {}
    for (const path of wants.texts ?? []) if (texts.size < MOST_TEXTS && !isOdd(path)) texts.add(path)
    for (const path of wants.programs ?? []) if (!isOdd(path)) programs.add(path)
    for (const {path, pattern} of wants.marks ?? [])
      if (!isOdd(path)) {
        const known = marks.get(path)
        marks.set(path, known === undefined ? pattern : new RegExp(`${known.source}|${pattern.source}`))
      }
  }
  const text = await readSmallFiles(image, texts, signal)
  const program = await readPrograms(image, programs, signal)
  const mark = await readMarks(image, marks, signal)
  return {
    ...names,
    text: path => text.get(path)?.toString('utf8'),
    program: path => program.get(path),
    programs: program,
    marks: path => mark.get(path) ?? [],
  }
}

/**
 * All that the topics find in an image.
 * @throws SifstageError when the image is damaged
 */
export async function inspectImage(image: Image, {artifacts, signal}: InspectOptions): Promise<Inspected> {
  return lookAtAll(await factsOf(image, namesOf(image, artifacts), signal))
}
