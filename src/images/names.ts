/**
 * Names of files are bytes, and paths in a description are text. A byte that is no UTF-8 becomes a lone surrogate
 * (U+DC80–U+DCFF, as Python does it), so that two names never become one and each can be turned back.
 */
import {isUtf8} from 'node:buffer'

/** A name as text. */
export function decodeName(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (isUtf8(buffer)) return buffer.toString('utf8')
  let text = ''
  let at = 0
  while (at < buffer.length) {
    const length = [1, 2, 3, 4].find(each => at + each <= buffer.length && isUtf8(buffer.subarray(at, at + each)))
    if (length === undefined) text += String.fromCharCode(0xdc00 + (buffer[at] ?? 0))
    else text += buffer.toString('utf8', at, at + length)
    at += length ?? 1
  }
  return text
}

/** Whether a text stands for bytes that are no UTF-8, so that it cannot be an argument of a program that we start. */
export function isOdd(text: string): boolean {
  // With `u` only lone ones match.
  return /[\udc80-\udcff]/u.test(text)
}

/** The bytes that a text of `decodeName` stands for. */
export function encodeName(text: string): Buffer {
  if (!isOdd(text)) return Buffer.from(text)
  return Buffer.concat(
    Array.from(text, char => {
      const code = char.charCodeAt(0)
      return char.length === 1 && code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(char)
    }),
  )
}
