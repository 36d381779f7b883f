/** Writes a description whose stages are files (`file:`), for people to read and go on with. */
import {Document, isScalar} from 'yaml'
import type {Chain, ChainStage} from '../../model/chain.js'
import {escaped} from './escape.js'
import {comment, map, text, texts, type Value} from './nodes.js'

export function writeChain({comment: head, stages, target}: Chain): string {
  const document = new Document()
  const stageMap = map(stages.map(stage => [stage.name, writeStage(stage)] as const))
  stageMap.items.forEach((pair, i) => {
    if (!isScalar(pair.key)) return
    comment(pair.key, stages[i]?.comment)
    if (i > 0) pair.key.spaceBefore = true
  })
  const top = map([
    ['sifstage', document.createNode(1)],
    ['stages', stageMap],
    ['target', target === undefined ? undefined : text(target)],
  ])
  // A comment of the document itself would stand apart from it by an empty line.
  const first = top.items[0]?.key
  if (isScalar(first)) comment(first, head)
  document.contents = top
  return document.toString({lineWidth: 0, flowCollectionPadding: false})
}

function writeStage({file, from, images, copies, args, context}: ChainStage): Value {
  return map([
    ['file', text(file)],
    ['context', context === undefined ? undefined : text(context)],
    ['from', from === undefined ? undefined : stageOf(from)],
    ['images', images.length === 0 ? undefined : map(images.map(({image, stage}) => [image, stageOf(stage)] as const))],
    [
      'copies',
      copies.length === 0
        ? undefined
        : map(
            copies.map(({path, stage, source}) => {
              const made = map(
                [
                  ['stage', text(stage)],
                  ['path', text(source)],
                ],
                'flow',
              )
              return [path, made] as const
            }),
          ),
    ],
    ['args', args.size === 0 ? undefined : texts([...args].map(([name, value]) => [name, escaped([value])] as const))],
  ])
}

/** A variable in it would be filled in. */
function stageOf(name: string): Value {
  return map([['stage', text(escaped([name]))]], 'flow')
}
