/** `--base REF=REPLACEMENT`: other images in the place of bases and foreign images, before anything else looks at them. */
import {replaceImages} from '../language/stage-copies.js'
import type {Base, CopyOrigin, Description, Stage, Step} from '../model/description.js'
import {
  type ImageReference,
  type LocalReference,
  normalizeReference,
  parseImageReference,
  showImageReference,
} from '../model/reference.js'

export interface BaseReplacement {
  /** The reference as it was given. */
  readonly reference: string
  readonly with:
    | {readonly kind: 'image'; readonly reference: ImageReference}
    | {readonly kind: 'local'; readonly reference: LocalReference}
}

export interface Rebased {
  readonly description: Description
  /** Indexes of the stages whose base was replaced. */
  readonly stages: ReadonlySet<number>
  /** The bases of all stages as they were written, before any was replaced. */
  readonly written: readonly string[]
  /** References that matched nothing. */
  readonly unused: readonly string[]
}

/** A replacement's text as an explicit image or local reference; undefined when only the disk can tell. */
export function explicitReplacement(text: string): BaseReplacement['with'] | undefined {
  const local = /^(localimage|oci|oci-archive|docker-archive):(.+)$/.exec(text)
  switch (local?.[1]) {
    case 'localimage':
    case 'oci':
    case 'oci-archive':
    case 'docker-archive':
      return {kind: 'local', reference: {agent: local[1], path: local[2] ?? ''}}
    default:
      return /^([a-z][a-z0-9+.-]*:\/\/|docker-daemon:)/.test(text)
        ? {kind: 'image', reference: parseImageReference(text)}
        : undefined
  }
}

export function replaceBases(description: Description, replacements: readonly BaseReplacement[]): Rebased {
  const used = new Set<string>()
  const find = (written: string, local: boolean): BaseReplacement['with'] | undefined => {
    const wanted = local ? written : normalizeReference(written)
    const found = replacements.find(each => (local ? each.reference === wanted : normalizeReference(each.reference) === wanted))
    if (found === undefined) return undefined
    used.add(found.reference)
    return found.with
  }
  const replaceBase = (base: Base): Base => {
    if (base.kind !== 'image' && base.kind !== 'local') return base
    const replacement = base.kind === 'image' ? find(showImageReference(base.reference), false) : find(base.reference.path, true)
    if (replacement === undefined) return base
    // What was looked up is the replacement's already.
    return {...replacement, span: base.span, ...(base.config === undefined ? {} : {config: base.config})}
  }
  const rebased = new Set<number>()
  const replaceStep = (step: Step): Step =>
    replaceImages(step, from => {
      const replacement = find(showImageReference(from.reference), false)
      if (replacement === undefined) return from
      return replacement.kind === 'image' ? {...replacement, span: from.span} : {...from, replacement: replacement.reference}
    })
  const stages = description.stages.map((stage): Stage => {
    const base = replaceBase(stage.base)
    if (base !== stage.base) rebased.add(stage.index)
    return {...stage, base, steps: stage.steps.map(replaceStep)}
  })
  return {
    description: {...description, stages},
    stages: rebased,
    written: description.stages.flatMap(({base}) =>
      base.kind === 'image' ? [showImageReference(base.reference)] : base.kind === 'local' ? [base.reference.path] : [],
    ),
    unused: replacements.map(each => each.reference).filter(each => !used.has(each)),
  }
}

/**
 * A stage behind all others that is the target once more, by an engine that makes trees: what an image engine has built
 * becomes a `.sif` so. Its index is the number of stages that there were.
 */
export function withDelivery(description: Description, target: Stage): Description {
  const {name, span, nameSpan} = target
  const delivery: Stage = {
    name: `${name} (for OUT)`,
    index: description.stages.length,
    named: false,
    rules: 'docker',
    span,
    nameSpan,
    base: {kind: 'stage', name, index: target.index, span},
    steps: [],
    settings: {},
    delivers: true,
  }
  return {...description, stages: [...description.stages, delivery]}
}

/** Images that copies and mounts take files from, as stages of their own behind all others: each is fetched and verified like a stage. */
export function withForeignImages(description: Description): Description {
  const extra: Stage[] = []
  const indexOf = new Map<string, number>()
  const foreignStage = ({span, reference, replacement}: Extract<CopyOrigin, {kind: 'image'}>) => {
    const name = showImageReference(reference)
    let index = indexOf.get(name)
    if (index === undefined) {
      index = description.stages.length + extra.length
      indexOf.set(name, index)
      const base: Base =
        replacement === undefined ? {kind: 'image', reference, span} : {kind: 'local', reference: replacement, span}
      extra.push({name, index, named: false, rules: 'docker', span, nameSpan: span, base, steps: [], settings: {}})
    }
    return {kind: 'stage', name, index, span} as const
  }
  const stages = description.stages.map(
    (stage): Stage => ({
      ...stage,
      steps: stage.steps.map(step => replaceImages(step, foreignStage)),
    }),
  )
  return extra.length === 0 ? description : {...description, stages: [...stages, ...extra]}
}
