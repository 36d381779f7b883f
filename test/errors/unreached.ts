/** Entries that no test can reach, each with the reason. */
export const UNREACHED: Readonly<Record<string, string>> = {}
