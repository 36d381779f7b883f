/** What the store knows of a description's stages: shared by the verbs that build nothing. */
import {type PreviewedStage, previewBuild} from '../build/preview.js'
import type {Base} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {PlanStage} from '../model/plan.js'
import type {Sink} from '../model/ports.js'
import {showImageReference} from '../model/reference.js'
import {startOf} from '../model/span.js'
import type {Loaded} from './input.js'
import {holdLocked, movedBases} from './locks.js'
import type {BuildingOptions, InputOptions} from './options.js'
import {buildRequest, openWorkshop} from './workshop.js'

/** A base as plans and reports show it. */
export function baseOf(base: Base): PlanStage['base'] {
  switch (base.kind) {
    case 'image':
      return {kind: 'image', reference: showImageReference(base.reference)}
    case 'local':
      return {kind: 'local', reference: base.reference.path}
    case 'scratch':
      return {kind: 'scratch'}
    case 'stage':
      return {kind: 'stage', reference: base.name}
    case 'mirror':
      return {kind: 'image', reference: base.agent}
  }
}

/**
 * What the store knows of the stages. A plan is still a plan where no engine is, or a registry does not answer.
 * @param withMoved also asks which tags mean another image than the locked one
 */
export async function previews(
  loaded: Loaded,
  flags: InputOptions & BuildingOptions,
  signal: AbortSignal,
  withMoved = false,
): Promise<{found: Map<number, PreviewedStage>; notes: Diagnostic[]}> {
  const note = (error: SifstageError): Diagnostic => ({
    rule: 'keys-unknown',
    severity: 'info',
    message: `what is cached cannot be told: ${error.message}`,
    ...(error.hint === undefined ? {} : {hint: error.hint.replaceAll('\n', '; ')}),
    span: {file: loaded.input, start: {line: 1, column: 1}, end: {line: 1, column: 1}},
  })
  const notes: Diagnostic[] = []
  // What the stores have to say: a plan has no progress to tell.
  const sink: Sink = {
    emit(event) {
      if (event.event === 'note' && event.severity === 'warning')
        notes.push({rule: 'store', severity: 'warning', message: event.text, span: startOf(loaded.input)})
    },
  }
  try {
    const {ports, close} = await openWorkshop(flags, loaded, sink, signal)
    try {
      const request = await buildRequest(loaded, flags, {
        jobs: 1,
        keepGoing: false,
        keepFailed: false,
        output: {kind: 'sif', path: '', mksquashfs: []},
      })
      await holdLocked(request, loaded.pins, ports.bases, signal)
      const found = await previewBuild(request, ports, signal)
      if (withMoved) notes.push(...(await movedBases(request, loaded.pins, ports.bases, loaded.input, signal)))
      return {found: new Map(found.map(each => [each.stage.index, each])), notes}
    } finally {
      await close()
    }
  } catch (error) {
    if (!(error instanceof SifstageError) || error.exitCode === ExitCode.usage) throw error
    return {found: new Map(), notes: [...notes, note(error)]}
  }
}
