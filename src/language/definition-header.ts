/** The header of a stage's definition as text. */

/** Header keys that say where the base comes from. */
const SOURCE_KEYS = new Set([
  'bootstrap',
  'from',
  'registry',
  'namespace',
  'library',
  'mirrorurl',
  'updateurl',
  'osversion',
  'include',
  'includecmd',
  'fingerprints',
])

/** The text with another base in its header; all else stays as it is (D9, D14, D16). */
export function withBase(text: string, agent: string, from: string): string {
  const lines = text.split('\n')
  const kept: string[] = []
  let i = 0
  for (; i < lines.length; i += 1) {
    const line = lines[i] ?? ''
    if (line.trimStart().startsWith('%')) break
    const key = line
      .slice(0, Math.max(0, line.indexOf(':')))
      .trim()
      .toLowerCase()
    const drop = !line.trimStart().startsWith('#') && SOURCE_KEYS.has(key)
    if (!drop) kept.push(line)
    // A value that ends in a backslash goes on in the next line.
    while (drop && (lines[i] ?? '').trimEnd().endsWith('\\') && i + 1 < lines.length) i += 1
  }
  return [`Bootstrap: ${agent}`, ...(from === '' ? [] : [`From: ${from}`]), ...kept, ...lines.slice(i)].join('\n')
}
