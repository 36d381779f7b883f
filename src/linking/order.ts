/** Files in an order in which each comes after those it needs. */
import type {LinkedFile} from './linked.js'

export interface Ordered {
  readonly ordered: readonly LinkedFile[]
  /** Files of which each needs the next, and the last the first. */
  readonly circle: readonly LinkedFile[] | undefined
}

export function inOrder(files: readonly LinkedFile[]): Ordered {
  const byStage = new Map(files.map(file => [file.stage, file]))
  const state = new Map<LinkedFile, 'open' | 'done'>()
  const ordered: LinkedFile[] = []
  let circle: LinkedFile[] | undefined
  for (const start of files) {
    const path: {readonly file: LinkedFile; readonly left: LinkedFile[]}[] = []
    const enter = (file: LinkedFile) => {
      state.set(file, 'open')
      path.push({file, left: [...file.needs.keys()].flatMap(stage => byStage.get(stage) ?? [])})
    }
    if (!state.has(start)) enter(start)
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const next = top.left.shift()
      if (next === undefined) {
        state.set(top.file, 'done')
        ordered.push(top.file)
        path.pop()
      } else if (!state.has(next)) enter(next)
      else if (state.get(next) === 'open') circle ??= path.map(({file}) => file).slice(path.findIndex(({file}) => file === next))
    }
  }
  return {ordered, circle}
}
