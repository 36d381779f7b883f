/** Writes a description as a definition file: the stages that the target needs, the target last (K142, K143). */

import {chainOf, copiedFrom, dependenciesFirst, stageAt} from '../../language/stages.js'
import type {Description, Stage} from '../../model/description.js'
import type {Diagnostic} from '../../model/diagnostic.js'
import type {WriteOptions, WriteResult} from '../../model/format.js'
import {type Span, startOf} from '../../model/span.js'
import {definitionStage} from './defstage.js'
import {dockerStage} from './dockerstage.js'
import {baseHeaders, imageHeaders} from './headers.js'
import {originalStage} from './original.js'
import {printStage, Unprintable} from './print.js'
import {type ImageOrigin, type StageNames, StageScript} from './script.js'

export function writeDeffile(description: Description, options: WriteOptions): WriteResult {
  const diagnostics: Diagnostic[] = []
  const target = stageAt(description, options.target)
  if (target === undefined) {
    return {
      diagnostics: [
        {
          rule: 'unknown-target',
          severity: 'error',
          span: startOf(description.file),
          message: `There is no stage ${options.target}.`,
        },
      ],
    }
  }
  const names = new Names(description)
  const texts: string[] = []
  for (const stage of printedStages(description, target)) {
    const script = new StageScript(description, stage, names, options, diagnostics)
    const name = stage === target && !stage.named ? undefined : names.stage(stage)
    attempt(stage.nameSpan, stage.name, diagnostics, texts, () => stageText(script, stage, name, stage === target))
  }
  const images = names.images.map(image => {
    const printed: string[] = []
    attempt(image.origin.span, image.name, diagnostics, printed, () =>
      printStage({comment: [], headers: [...originHeaders(image.origin), ['Stage', image.name]], sections: []}),
    )
    return printed.join('')
  })
  if (diagnostics.some(d => d.severity === 'error')) return {diagnostics}
  return {text: [...images, ...texts].join('\n'), diagnostics}
}

/** The image that files are taken from, or the local one that `--base` puts in its place. */
function originHeaders(origin: ImageOrigin): readonly (readonly [string, string])[] {
  return origin.replacement === undefined
    ? imageHeaders(origin.reference)
    : baseHeaders({kind: 'local', reference: origin.replacement, span: origin.span})
}

/**
 * Stages that are printed: those files are copied from, before those that copy; the target last (K142, K143). What a
 * stage builds upon is printed as a part of it (D150).
 */
function printedStages(description: Description, target: Stage): readonly Stage[] {
  return dependenciesFirst(description, target.index, stage => chainOf(description, stage).flatMap(copiedFrom))
}

function stageText(script: StageScript, stage: Stage, name: string | undefined, isTarget: boolean): string {
  if (stage.definition !== undefined && stage.base.kind !== 'stage') return originalStage(stage.definition.text)
  return printStage(stage.rules === 'def' ? definitionStage(stage, name) : dockerStage(script, stage, name, isTarget))
}

function attempt(span: Span, stage: string, diagnostics: Diagnostic[], texts: string[], make: () => string): void {
  try {
    texts.push(make())
  } catch (error) {
    if (!(error instanceof Unprintable)) throw error
    diagnostics.push({
      rule: 'not-expressible',
      severity: 'error',
      span,
      stage,
      message: `Stage ${stage} cannot be written as a definition file: ${error.message}.`,
      hint: 'sifstage build can build it as it is.',
    })
  }
}

/** Names that `%files from` can use, and stages for images that only files are taken from. */
class Names implements StageNames {
  readonly images: {readonly origin: ImageOrigin; readonly name: string}[] = []
  readonly #taken: Set<string>

  constructor(readonly description: Description) {
    this.#taken = new Set(description.stages.map(stage => stage.name))
  }

  stage(stage: Stage): string {
    // D29: two words are all that %files from takes; D44: a # begins a comment.
    if (/[\s#]/.test(stage.name)) throw new Unprintable(`its name "${stage.name}" is no single word`)
    return stage.name
  }

  image(origin: ImageOrigin): string {
    const mark = JSON.stringify(originHeaders(origin))
    const known = this.images.find(image => JSON.stringify(originHeaders(image.origin)) === mark)
    if (known !== undefined) return known.name
    let number = this.images.length + 1
    while (this.#taken.has(`image-${number}`)) number += 1
    const name = `image-${number}`
    this.#taken.add(name)
    this.images.push({origin, name})
    return name
  }
}
