/**
 * Whether a terminal shows characters beyond ASCII, as the C library would tell from the same variables.
 * https://pubs.opengroup.org/onlinepubs/9799919799/basedefs/V1_chap08.html
 */
export function speaksUtf8(environment: Readonly<Record<string, string | undefined>>): boolean {
  return /utf-?8/i.test(environment['LC_ALL'] || environment['LC_CTYPE'] || environment['LANG'] || '')
}
