/** A stage of another file as one of this description: other names and places for the stages it refers to, and its own context. */
import type {CopyOrigin, Mount, Stage, Step} from '../../model/description.js'
import type {IncludedFile} from '../../model/format.js'

interface Surroundings {
  readonly folder: string
  readonly file: IncludedFile
}

/** @param inside the stages of its file that came along, by their places there */
export function transplant(
  stage: Stage,
  inside: ReadonlyMap<number, {readonly index: number; readonly name: string}>,
  {folder, file}: Surroundings,
): Stage {
  const origin = <T extends CopyOrigin>(from: T): T => {
    // What was put in its place names a stage of this description already, as does a base below.
    if (from.kind === 'stage' && from.span.file !== file.name) return from
    if (from.kind === 'stage') {
      const there = from.index === undefined ? undefined : inside.get(from.index)
      return {...from, index: there?.index, name: there?.name ?? from.name}
    }
    if (from.kind !== 'context' || file.format === 'def') return from
    return {...from, ...(folder === '.' ? {} : {folder}), ...(file.ignore === undefined ? {} : {ignore: file.ignore})}
  }
  const mount = (each: Mount): Mount =>
    (each.kind === 'bind' || each.kind === 'cache') && each.from !== undefined ? {...each, from: origin(each.from)} : each
  const step = (each: Step): Step => {
    if (each.kind === 'copy') return {...each, from: origin(each.from)}
    return each.kind === 'run' && each.mounts !== undefined ? {...each, mounts: each.mounts.map(mount)} : each
  }
  const {base} = stage
  const parent = base.kind === 'stage' && base.index !== undefined ? inside.get(base.index) : undefined
  const own = base.kind === 'stage' && base.span.file === file.name
  const here = inside.get(stage.index)
  return {
    ...stage,
    name: here?.name ?? stage.name,
    index: here?.index ?? stage.index,
    named: true,
    base: own ? {...base, index: parent?.index, name: parent?.name ?? base.name} : base,
    steps: stage.steps.map(step),
  }
}
