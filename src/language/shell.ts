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

/**
 * A text as one word of a file that Apptainer's built-in shell reads (`/.singularity.d/env/*.sh`): that shell keeps
 * the backslash of `'it'\''s'` (tried with 1.4.5), so only double quotes carry a single quote.
 */
export function environmentQuote(text: string): string {
  return text.includes("'") ? `"${text.replaceAll(/[\\"$`]/g, '\\$&')}"` : shellQuote(text)
}
