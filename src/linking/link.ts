/**
 * Files that are linked by the images they make, as one chain of stages. What is not said anywhere is assumed from names,
 * and every assumption is told; nothing is linked where two files could be meant.
 */
import type {Chain, ChainStage, ImageUse} from '../model/chain.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {baseName} from '../model/paths.js'
import {startOf} from '../model/span.js'
import {contextOf} from './contexts.js'
import {placeCopies} from './hand-copies.js'
import type {LinkedFile, LinkInput, Tell} from './linked.js'
import {makerOf, namesOf, type StageFile} from './makers.js'
import {stageWord} from './names.js'
import {inOrder} from './order.js'

export interface LinkResult {
  /** Missing after an error. */
  readonly chain: Chain | undefined
  readonly diagnostics: readonly Diagnostic[]
}

export function linkFiles(input: LinkInput): LinkResult {
  const diagnostics: Diagnostic[] = []
  const tell: Tell = (severity, rule, span, message, hint, stage) =>
    diagnostics.push({
      rule,
      severity,
      message,
      span,
      ...(hint === undefined ? {} : {hint}),
      ...(stage === undefined ? {} : {stage}),
    })
  const linked = named(input, tell)
  const stageOf = new Map(linked.map(each => [each.file, each.stage]))
  for (const each of linked) {
    for (const use of usesOf(each.file)) linkUse(input, each, use, stageOf, tell)
  }
  placeCopies(input, linked, tell)
  const {ordered, circle} = inOrder(linked)
  if (circle !== undefined) tellCircle(circle, tell)
  if (diagnostics.some(each => each.severity === 'error')) return {chain: undefined, diagnostics}
  const needed = new Set(linked.flatMap(each => [...each.needs.keys()]))
  const ends = ordered.filter(each => !needed.has(each.stage))
  const [last] = ends.slice(-1)
  if (ends.length > 1 && last !== undefined)
    tell(
      'info',
      'several-ends',
      startOf(last.file.name),
      `No other stage needs ${ends.map(each => each.stage).join(', ')}; the target is ${last.stage}.`,
      'Change "target" in what is written, or name another when you build: --target STAGE.',
    )
  const stages = ordered.map(each => chainStage(each, input.args))
  // The last stage is the target without a word.
  const target = last === undefined || ordered.at(-1) === last ? undefined : last.stage
  return {chain: {comment: input.comment, stages, target}, diagnostics}
}

/** Each use of an image once. */
function usesOf(file: StageFile): readonly ImageUse[] {
  const seen = new Set<string>()
  return file.survey.images.filter(({image, isFirst, isFile}) => {
    const mark = JSON.stringify([image, isFirst, isFile])
    return seen.has(mark) ? false : Boolean(seen.add(mark))
  })
}

/** Stages get the last part of what their file is called; where two are called so, more of it. */
function named(input: LinkInput, tell: Tell): LinkedFile[] {
  const taken = new Set(input.files.flatMap(({survey}) => survey.name ?? []))
  return input.files.map(file => {
    const {survey, path, name} = file
    const context = contextOf(input, file, tell)
    const parts = namesOf(file, file.format === 'def', input.root)[0]?.name.parts ?? [baseName(path)]
    let stage = survey.name ?? stageWord(parts.at(-1) ?? '')
    if (survey.name === undefined && taken.has(stage)) {
      const first = stage
      stage = stageWord(parts.slice(-2).join('-'))
      for (let number = 2; taken.has(stage); number += 1) stage = `${first}-${number}`
      tell('info', 'assumed-name', startOf(name), `There is a stage ${first} already, so that this one is called ${stage}.`)
    }
    taken.add(stage)
    return {file, stage, context, comment: [], from: undefined, images: new Map(), copies: [], needs: new Map()}
  })
}

function linkUse(input: LinkInput, linked: LinkedFile, use: ImageUse, stageOf: ReadonlyMap<StageFile, string>, tell: Tell): void {
  const {file, stage} = linked
  const {image, span} = use
  if (image === undefined) {
    const argument = file.survey.baseArgument ?? 'BASE_IMAGE'
    tell(
      'error',
      'open-base',
      span,
      `What ${argument} stands for is said nowhere, so that nobody can tell what ${file.name} starts from.`,
      `Give it a default (ARG ${argument}=IMAGE above the FROM), or a value: --build-arg ${argument}=IMAGE.`,
      stage,
    )
    return
  }
  const maker = makerOf({...use, image}, file, input.files, input.root)
  switch (maker.kind) {
    case 'several':
      tell(
        'error',
        'ambiguous-link',
        span,
        `${image} may be what any of these makes: ${maker.files.map(each => each.name).join(', ')}.`,
        `Say which: --tag ${maker.files[0]?.name ?? 'FILE'}=${image}`,
        stage,
      )
      return
    case 'none': {
      const [almost] = maker.almost
      if (almost !== undefined)
        tell(
          'warning',
          'other-version',
          span,
          `${almost.file.name} makes ${almost.name}, not ${image}, which stays an image.`,
          `If it is meant all the same: --tag ${almost.file.name}=${image}`,
          stage,
        )
      else
        tell(
          'info',
          'stays-image',
          span,
          `${image} stays an image: ${maker.pinned ? 'its digest says which one it is' : 'no file here makes it'}.`,
          undefined,
          stage,
        )
      return
    }
    case 'one': {
      const parent = stageOf.get(maker.file) ?? ''
      linked.needs.set(parent, span)
      if (use.isFirst) linked.from = parent
      else linked.images.set(image, parent)
      if (maker.by === 'flag') return
      const what = `${image} is taken for what ${maker.file.path} makes, by its name.`
      linked.comment.push(maker.by === 'name' ? what : `${image} is what ${maker.file.path} makes, says its build script.`)
      if (maker.by === 'name') tell('info', 'assumed-link', span, what, `To say so: --tag ${maker.file.name}=${image}`, stage)
    }
  }
}

function tellCircle(circle: readonly LinkedFile[], tell: Tell): void {
  const [first] = circle
  if (first === undefined) return
  const names = [...circle, first].map(each => each.stage)
  tell(
    'error',
    'stage-cycle',
    first.needs.get(names[1] ?? '') ?? startOf(first.file.name),
    `Each of these needs the next, and so none can be the first: ${names.join(' → ')}.`,
    'One of them is meant as an image of a registry: say what its file makes with --tag FILE=NAME.',
    first.stage,
  )
}

function chainStage(linked: LinkedFile, given: ReadonlyMap<string, string>): ChainStage {
  const {file, stage, comment, from, images, copies, context} = linked
  const {survey, path, format} = file
  const args = new Map(
    [...file.args, ...given].filter(
      ([name]) => survey.declared.has(name) && !(from !== undefined && name === survey.baseArgument),
    ),
  )
  const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '.'
  return {
    name: stage,
    comment,
    file: path,
    from,
    images: [...images].map(([image, to]) => ({image, stage: to})),
    copies,
    args,
    context: format === 'def' || context === folder ? undefined : context,
  }
}
