/** How a description in YAML is told from other files. Apart from the reader, so that looking loads no parser. */

export function matchesYamlName(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name)
}

/** JSON may be laid out in any way; in YAML a key at the top level starts its line. */
export function matchesYamlText(text: string): boolean {
  if (/^\ufeff?\s*\{/.test(text)) return hasKeyInBraces(text)
  return /^\ufeff?(sifstage|"sifstage"|'sifstage')[ \t]*:/m.test(text)
}

/** Whether the outermost braces hold the key: a `package.json` may name a program of ours further in. */
function hasKeyInBraces(text: string): boolean {
  let depth = 0
  for (const match of text.matchAll(/"(?:[^"\\]|\\.)*"|'[^']*'|[{}[\]]|[^\s"'{}[\],:]+/gs)) {
    const [token] = match
    if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
    else if (
      depth === 1 &&
      /^["']?sifstage["']?$/.test(token) &&
      /^\s*:/.test(text.slice(match.index + token.length, match.index + token.length + 80))
    )
      return true
  }
  return false
}
