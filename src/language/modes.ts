/** Modes of files as `--chmod` takes them. */

const octalMode = /^[0-7]{1,4}$|^0[0-7]{1,4}$/
const symbolicMode = /^[ugoa]*([-+=]([rwxXst]*|[ugo]))+(,[ugoa]*([-+=]([rwxXst]*|[ugo]))+)*$/

/** K98: octal, or as chmod(1) has it. */
export function isMode(text: string): boolean {
  return octalMode.test(text) || symbolicMode.test(text)
}
