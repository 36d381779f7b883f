/** A stage of a definition file, in its own language. */
import {isScalar} from 'yaml'
import type {Stage} from '../../model/description.js'
import {comment, list, map, text, type Value} from './nodes.js'
import type {Writing} from './writing.js'

export function writeDefinitionStage(writing: Writing, stage: Stage): Value | undefined {
  const {definition} = stage
  if (definition === undefined) {
    writing.refuse(
      stage,
      'no-yaml-form',
      stage.span,
      'This stage follows the rules of definition files but has no text of its own.',
      'Convert it to a definition file instead.',
    )
    return undefined
  }
  const comments = headerComments(definition.text)
  const header = map(definition.headers.map(({key, value}) => [key, text(value)] as const))
  header.items.forEach((pair, i) => {
    const lines = comments.get(definition.headers[i]?.key ?? '')
    // The comment above the first key stands above the stage already.
    if (i > 0 && isScalar(pair.key)) comment(pair.key, lines)
  })
  return map([
    ['rules', text('def')],
    ['engine', stage.engine && text(stage.engine.value)],
    ['from', stage.base.kind === 'stage' ? map([['stage', text(stage.base.name)]], 'flow') : undefined],
    [
      'definition',
      map([
        ['header', header],
        [
          'sections',
          definition.sections.length === 0
            ? undefined
            : list(
                definition.sections.map(section =>
                  map([
                    ['section', text(section.name)],
                    ['arguments', section.arguments === '' ? undefined : text(section.arguments)],
                    ['text', section.body === '' ? undefined : text(section.body)],
                  ]),
                ),
                'block',
              ),
        ],
      ]),
    ],
  ])
}

/** Comment lines of the header by the key below them. */
function headerComments(definition: string): Map<string, string[]> {
  const comments = new Map<string, string[]>()
  let open: string[] = []
  for (const line of definition.split(/\r?\n/)) {
    const trimmed = line.trim()
    if (trimmed.startsWith('%')) break
    if (trimmed.startsWith('#')) open.push(trimmed.slice(1))
    else if (trimmed !== '') {
      const key = trimmed
        .slice(0, Math.max(trimmed.indexOf(':'), 0))
        .trim()
        .toLowerCase()
      if (open.length > 0) comments.set(key, open)
      open = []
    }
  }
  return comments
}
