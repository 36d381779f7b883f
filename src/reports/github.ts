/**
 * Findings as annotations of a pull request.
 * https://docs.github.com/actions/reference/workflow-commands-for-github-actions
 */
import type {Diagnostic, Severity} from '../model/diagnostic.js'
import {visible} from './visible.js'

const commands: Readonly<Record<Severity, string>> = {error: 'error', warning: 'warning', info: 'notice'}

export function github(diagnostics: readonly Diagnostic[]): string {
  return diagnostics.map(each => `${annotation(each)}\n`).join('')
}

function annotation({severity, span, rule, message, hint}: Diagnostic): string {
  const {start, end} = span
  const properties = {
    file: visible(span.file),
    line: start.line,
    endLine: end.line,
    // Columns of an annotation over several lines are refused, and its last column is part of it.
    ...(start.line === end.line ? {col: start.column, endColumn: Math.max(start.column, end.column - 1)} : {}),
    title: visible(rule),
  }
  const list = Object.entries(properties).map(([name, value]) => `${name}=${property(String(value))}`)
  return `::${commands[severity]} ${list.join(',')}::${data([message, ...(hint === undefined ? [] : [`hint: ${hint}`])].map(visible).join('\n'))}`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
