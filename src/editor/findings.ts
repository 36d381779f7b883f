/** Findings as an editor shows them, and what it can do about them. */
import {pathToFileURL} from 'node:url'
import {type CodeAction, CodeActionKind, DiagnosticSeverity, DiagnosticTag, type Diagnostic as Shown} from 'vscode-languageserver'
import type {TextDocument} from 'vscode-languageserver-textdocument'
import type {Diagnostic} from '../index.js'
import {visible} from '../reports/visible.js'
import {pathOf} from './judge.js'
import {rangeOf} from './ranges.js'

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const

function shown({rule, severity, message, hint, span}: Diagnostic): Shown {
  return {
    range: rangeOf(span),
    severity: severities[severity],
    code: rule,
    source: 'sifstage',
    message: visible(message) + (hint === undefined ? '' : `\nhint: ${visible(hint)}`),
    ...(rule === 'unused-stage' ? {tags: [DiagnosticTag.Unnecessary]} : {}),
  }
}

/** Findings by the file that they are in: a description may take stages from others. */
export function byFile(uri: string, diagnostics: readonly Diagnostic[]): Map<string, Shown[]> {
  const own = pathOf(uri)
  const found = new Map<string, Shown[]>([[uri, []]])
  for (const each of diagnostics) {
    const place = each.span.file === own ? uri : pathToFileURL(each.span.file).href
    found.set(place, [...(found.get(place) ?? []), shown(each)])
  }
  return found
}

/** A comment that silences a finding, on a line of its own above it. */
export function silencing(document: TextDocument, diagnostics: readonly Shown[]): CodeAction[] {
  return diagnostics
    .filter(each => each.source === 'sifstage' && typeof each.code === 'string' && each.code !== 'syntax')
    .map(each => {
      const {line} = each.range.start
      const text = document.getText({start: {line, character: 0}, end: {line: line + 1, character: 0}})
      const indent = /^[ \t]*/.exec(text)?.[0] ?? ''
      return {
        title: `Silence ${each.code} here`,
        kind: CodeActionKind.QuickFix,
        diagnostics: [each],
        edit: {
          changes: {
            [document.uri]: [
              {
                range: {start: {line, character: 0}, end: {line, character: 0}},
                newText: `${indent}# sifstage: ignore ${each.code} \n`,
              },
            ],
          },
        },
      }
    })
}
