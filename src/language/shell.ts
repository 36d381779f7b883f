/**
 * A text as one word of a POSIX shell. Values from inputs are data: nothing reaches a shell without this.
 */
export function shellQuote(text: string): string {
  if (text !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(text)) return text
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** An argument list as a person would type it. */
export function shellLine(argv: readonly string[]): string {
  return argv.map(shellQuote).join(' ')
}
