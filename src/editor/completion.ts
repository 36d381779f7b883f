/** What can stand where somebody types. */
import {type CompletionItem, CompletionItemKind, MarkupKind, type Position} from 'vscode-languageserver'
import type {TextDocument} from 'vscode-languageserver-textdocument'
import type {FormatEntry} from '../formats/index.js'
import {type Rule, rules} from '../index.js'
import {ruleMarkdown} from '../reports/rule-page.js'

export async function completion(document: TextDocument, format: FormatEntry, position: Position): Promise<CompletionItem[]> {
  const text = document.getText()
  const lines = text.split('\n')
  const start = (lines[position.line] ?? '').slice(0, position.character)
  const ignored = /\bsifstage:\s*ignore\s+(?:[\w-]+\s*,\s*)*([\w-]*)$/.exec(start)?.[1]
  if (ignored !== undefined) return items(ruleItems(await rules()), ignored, position)
  const editing = await format.loadEditing()
  const expected = editing.expected(lines.slice(0, position.line), start)
  if (expected === undefined) return []
  if (expected.what !== 'stages')
    return items(
      expected.what.map(({word, about}) => ({label: word, kind: CompletionItemKind.Keyword, detail: about})),
      expected.typed,
      position,
    )
  const scanned = editing.stages(text)
  // The stage that is being written: itself, and in most languages all below it, cannot be taken from.
  const own = scanned.findLast(each => each.line <= position.line + 1)
  const usable = editing.anyOrder
    ? scanned.filter(each => each !== own)
    : scanned.filter(each => each.line <= position.line + 1 && each !== own)
  const names = new Set(usable.flatMap(each => each.name ?? []))
  return items(
    [...names].map(label => ({label, kind: CompletionItemKind.Module, detail: 'stage'})),
    expected.typed,
    position,
  )
}

function ruleItems(all: readonly Rule[]): CompletionItem[] {
  return all
    .filter(each => each.group !== 'conversion')
    .map(rule => ({
      label: rule.name,
      kind: CompletionItemKind.EnumMember,
      detail: rule.summary,
      documentation: {kind: MarkupKind.Markdown, value: ruleMarkdown(rule)},
    }))
}

/** Each replaces what is typed of it, whatever the editor takes for a word: names hold dots and dashes. */
function items(all: readonly CompletionItem[], typed: string, {line, character}: Position): CompletionItem[] {
  const range = {start: {line, character: character - typed.length}, end: {line, character}}
  return all.map(each => ({...each, textEdit: {range, newText: each.label}}))
}
