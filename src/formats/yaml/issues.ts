/** What zod finds wrong, said about the very place in the file. */
import {isMap, type Node} from 'yaml'
import type {z} from 'zod'
import {nearest} from '../../language/distance.js'
import type {Problems} from '../dockerfile/problems.js'
import type {Path, YamlDocument} from './document.js'

type Issue = z.core.$ZodIssue

export interface Where {
  readonly yaml: YamlDocument
  readonly problems: Problems
  /** The value that was validated. */
  readonly node: Node
  /** What it is, for messages: `the stage "final"`. */
  readonly what: string
  /** Keys that it may have. */
  readonly keys: readonly string[]
  /** The same for the maps inside it, by the key they stand behind. */
  readonly inner?: Readonly<Record<string, readonly string[]>>
  /** The key of the value itself, for what is missing in it. */
  readonly key: Node | undefined
}

export function reportIssues(issues: readonly Issue[], where: Where): void {
  for (const issue of issues) reportIssue(issue, toPath(issue.path), where)
}

function reportIssue(issue: Issue, path: Path, where: Where): void {
  const {yaml, problems, node} = where
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) unknownKey(key, path, where)
      return
    case 'invalid_key': {
      const key = yaml.key(path, node) ?? node
      problems.syntax(yaml.span(key), `The name ${JSON.stringify(path.at(-1))} ${issue.issues[0]?.message ?? 'cannot be used'}.`)
      return
    }
    case 'invalid_union': {
      // A branch of the right kind knows better what is wrong inside.
      const branch = issue.errors.find(
        list => list.length > 0 && list.every(inner => inner.path.length > 0 || inner.code !== 'invalid_type'),
      )
      if (branch === undefined) break
      for (const inner of branch) reportIssue(inner, [...path, ...toPath(inner.path)], where)
      return
    }
    default:
      break
  }
  const value = yaml.node(path, node)
  if (value === undefined) {
    problems.syntax(
      yaml.span(placeOf(path.slice(0, -1), where)),
      `${capital(nameOf(path.slice(0, -1), where))} has no "${path.at(-1)}".`,
      missingHint(issue.message),
    )
    return
  }
  problems.syntax(yaml.span(value), `${capital(nameOf(path, where))} ${issue.message}.`)
}

function missingHint(message: string): string | undefined {
  return message.startsWith('should be ') ? `Add it; it ${message}.` : undefined
}

function unknownKey(key: string, path: Path, where: Where): void {
  const {yaml, problems, node} = where
  const span = yaml.span(yaml.key([...path, key], node) ?? node)
  const last = path.findLast(part => typeof part === 'string')
  const known = last === undefined ? where.keys : (where.inner?.[String(last)] ?? where.keys)
  const near = key === '<<' ? undefined : nearest(key, known)
  problems.syntax(
    span,
    `${capital(nameOf(path, where))} has no key ${JSON.stringify(key)}.`,
    near === undefined ? `It knows ${known.join(', ')}.` : `Did you mean "${near}"?`,
  )
}

/** `the stage "final"`, `"to"`, `item 2 of "copy"`. */
function nameOf(path: Path, where: Where): string {
  const last = path.at(-1)
  if (last === undefined) return where.what
  return typeof last === 'number' ? `item ${last + 1} of ${nameOf(path.slice(0, -1), where)}` : JSON.stringify(last)
}

/** Where something is missing: the key of the map that lacks it, or for an item of a list its first key. */
function placeOf(path: Path, {yaml, node, key}: Where): Node {
  if (path.length === 0 && key !== undefined) return key
  const own = yaml.key(path, node)
  if (own !== undefined) return own
  const value = yaml.resolved(yaml.node(path, node)) ?? node
  const first = isMap(value) ? value.items[0]?.key : undefined
  return yaml.key([...path, String(first)], node) ?? value
}

function toPath(path: readonly PropertyKey[]): Path {
  return path.map(part => (typeof part === 'number' ? part : String(part)))
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
