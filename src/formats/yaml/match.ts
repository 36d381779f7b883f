/** How a description in YAML is told from other files. Apart from the reader, so that looking loads no parser. */

export function matchesYamlName(name: string): boolean {
  return /\.(ya?ml|json)$/i.test(name)
}

/** JSON may be laid out in any way; in YAML a key at the top level starts its line. */
export function matchesYamlText(text: string): boolean {
  if (/^\ufeff?\s*\{/.test(text)) return /["']?sifstage["']?\s*:/.test(text)
  return /^\ufeff?(sifstage|"sifstage"|'sifstage')[ \t]*:/m.test(text)
}
