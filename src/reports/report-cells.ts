/** Cells of a report as text. */
import type {Cell} from '../model/report.js'
import {visible} from './visible.js'

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** A size for people, in steps of 1024 as `build` and `ls -lh` print it. */
export function humanSize(bytes: number): string {
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  // 1023.96 kB would be printed as 1024.0 kB.
  if (unit > 0 && unit < UNITS.length - 1 && Math.abs(value) >= 1023.95) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`
}

/** Seconds as `build` prints them. */
export function humanTime(seconds: number): string {
  const whole = Math.round(seconds)
  return seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`
}

/** A cell on one line; what an image says in it is made safe for a terminal. */
export function cellText(cell: Cell): string {
  if (typeof cell === 'string') return visible(cell)
  if ('bytes' in cell) return humanSize(cell.bytes)
  if ('seconds' in cell) return humanTime(cell.seconds)
  return String(cell.count)
}

export function isNumber(cell: Cell): boolean {
  return typeof cell !== 'string'
}
