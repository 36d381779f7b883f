import type {Diagnostic} from '../model/diagnostic.js'
export function renderDiagnostics(d: readonly Diagnostic[], _o: object): string {
  return d.map(x => `${x.span.file}:${x.span.start.line}:${x.span.start.column}: ${x.severity}: ${x.message} [${x.rule}]\n${x.hint ? `  hint: ${x.hint}\n` : ''}`).join('')
}
