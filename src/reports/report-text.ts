/** A report for a terminal or a log: aligned columns, numbers to the right. */
import type {Report, Row} from '../model/report.js'
import {type Palette, palette} from './palette.js'
import {cellText, isNumber} from './report-cells.js'
import {imageTables, imageTitle, stageTables, type Table} from './report-sections.js'
import {visible} from './visible.js'

/** Characters of a cell that others are aligned with, and of the last one: a path may have thousands. */
const WIDEST = 80
const WIDEST_LAST = 1000

function cut(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1)}…`
}

/** Columns as wide as their widest cell; the last is not filled up. */
function aligned(rows: readonly Row[], head: readonly string[], colours: Palette): string[] {
  const all = (head.length === 0 ? rows : [head, ...rows]).map(row =>
    row.map((cell, i) => cut(cellText(cell), i === row.length - 1 ? WIDEST_LAST : WIDEST)),
  )
  const columns = all.reduce((most, row) => Math.max(most, row.length), 0)
  const widths: number[] = Array.from({length: columns}, () => 0)
  const numbers = Array.from({length: columns}, (_, i) => rows.some(row => row[i] !== undefined && isNumber(row[i])))
  for (const row of all) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  return all.map((row, place) => {
    const cells = row.map((cell, i) => {
      const width = widths[i] ?? 0
      return numbers[i] === true ? cell.padStart(width) : cell.padEnd(width)
    })
    const line = `  ${cells.join('  ')}`.trimEnd()
    return head.length > 0 && place === 0 ? colours.faint(line) : line
  })
}

function block({title, head, rows}: Table, colours: Palette): string {
  return [colours.strong(title), ...aligned(rows, head, colours)].join('\n')
}

/** @param colour whether the reader is a terminal */
export function reportText(report: Report, colour: boolean): string {
  const colours = palette(colour)
  const about =
    report.input === undefined
      ? []
      : [`${visible(report.input)}${report.target === undefined ? '' : `, target ${visible(report.target)}`}`]
  const image = imageTitle(report)
  const blocks = [
    ...about,
    ...stageTables(report).map(each => block(each, colours)),
    ...(image === '' ? [] : [colours.strong(visible(image))]),
    ...imageTables(report).map(each => block(each, colours)),
  ]
  return `${blocks.join('\n\n')}\n`
}
