/** One line of comma-separated values as Go's encoding/csv reads it: the value of `--mount` (K128). */

export type CsvLine =
  | {readonly kind: 'fields'; readonly fields: readonly string[]}
  | {readonly kind: 'problem'; readonly message: string}

/** `"` around a field lets it hold commas; a doubled `""` inside is one. */
export function parseCsvLine(text: string): CsvLine {
  if (text === '') return {kind: 'problem', message: 'EOF'}
  const problem = (at: number, message: string): CsvLine => ({
    kind: 'problem',
    message: `parse error on line 1, column ${at + 1}: ${message}`,
  })
  const fields: string[] = []
  let at = 0
  for (;;) {
    if (text.charAt(at) === '"') {
      let field = ''
      at += 1
      for (;;) {
        const close = text.indexOf('"', at)
        if (close === -1) return problem(text.length, 'extraneous or missing " in quoted-field')
        field += text.slice(at, close)
        at = close + 1
        if (text.charAt(at) !== '"') break
        field += '"'
        at += 1
      }
      if (at < text.length && text.charAt(at) !== ',') return problem(at - 1, 'extraneous or missing " in quoted-field')
      fields.push(field)
    } else {
      const comma = text.indexOf(',', at)
      const end = comma === -1 ? text.length : comma
      const quote = text.indexOf('"', at)
      if (quote !== -1 && quote < end) return problem(quote, 'bare " in non-quoted-field')
      fields.push(text.slice(at, end))
      at = end
    }
    if (at >= text.length) return {kind: 'fields', fields}
    at += 1
  }
}
