/** A stage that follows a definition file's rules but has no text of its own (from YAML): its steps as sections again. */
import type {CopyStep, Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {section} from './dockerstage.js'
import {baseHeaders, headerValue} from './headers.js'
import {type PrintedItem, type PrintedSection, type StageParts, Unprintable} from './print.js'
import {filesDestination} from './quote.js'

const order = ['pre', 'files from', 'setup', 'files', 'post']

export function definitionStage(stage: Stage, name: string | undefined): StageParts {
  if (stage.base.kind === 'stage') throw new Unprintable(`a definition file cannot start from stage ${stage.base.name}`)
  const sections = new Map<string, {place: number; items: PrintedItem[]}>()
  let reached = 0
  for (const step of stage.steps) {
    if (step.rules !== 'def')
      throw new Unprintable(
        `its step in line ${step.span.start.line} follows docker's rules among others that follow a definition file's`,
      )
    const [title, place, item] = entry(step)
    if (place < reached) throw new Unprintable(`Apptainer runs ${order.join(', ')} in this order, and the steps have another`)
    reached = place
    const before = sections.get(title)
    if (before === undefined) sections.set(title, {place, items: [item]})
    else before.items.push(item)
  }
  const {settings} = stage
  const labels = (settings.labels ?? []).map(label => ({text: `${label.name} ${plainText(label.value) ?? ''}`.trimEnd()}))
  const own = (['environment', 'runscript', 'startscript', 'test', 'help'] as const).flatMap(key => {
    const script = settings[key]
    return script === undefined ? [] : [section(key, script)]
  })
  return {
    comment: stage.comment ?? [],
    headers: [...baseHeaders(stage.base), ...(name === undefined ? [] : [['Stage', headerValue(name)] as const])],
    sections: [
      ...Array.from(sections, ([title, {items}]): PrintedSection => ({title, items})),
      ...(labels.length === 0 ? [] : [{title: 'labels', items: labels}]),
      ...own,
    ],
  }
}

function entry(step: Stage['steps'][number]): [title: string, place: number, item: PrintedItem] {
  if (step.kind === 'copy') {
    const from = step.from
    if (from.kind === 'context') return ['files', order.indexOf('files'), {text: filesLine(step)}]
    if (from.kind === 'stage') return [`files from ${from.name}`, order.indexOf('files from'), {text: filesLine(step)}]
  }
  if (step.kind === 'run' && step.command.kind === 'script' && step.section !== undefined) {
    const title = [step.section.name, ...step.section.arguments].join(' ')
    return [title, order.indexOf(step.section.name), {text: step.command.text, verbatim: true}]
  }
  throw new Unprintable(`its step in line ${step.span.start.line} is none that a definition file has`)
}

function filesLine(step: CopyStep): string {
  const [source, ...more] = step.sources
  const path = source === undefined ? undefined : plainText(source.path)
  const destination = step.destination === undefined ? '' : plainText(step.destination.path)
  if (path === undefined || destination === undefined || more.length > 0 || path.includes('"')) {
    throw new Unprintable(`its copy in line ${step.span.start.line} cannot be written as a line of %files`)
  }
  // The source is in the language of %files already.
  const word = /[\s'#%]/.test(path) ? `"${path}"` : path
  const target = destination === '' ? '' : filesDestination(destination)
  if (target === undefined) throw new Unprintable(`the destination ${JSON.stringify(destination)} cannot be written in %files`)
  return `${word} ${target}`.trimEnd()
}
