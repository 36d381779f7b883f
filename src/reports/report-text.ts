/** A report for a terminal or a log: aligned columns, numbers to the right. */
import type {Report, Row} from '../model/report.js'
import {type Palette, palette} from './palette.js'
import {cellText, isNumber} from './report-cells.js'
import {imageTables, imageTitle, stageTables, type Table} from './report-sections.js'
import {visible} from './visible.js'

/** Columns as wide as their widest cell; the last is not filled up. */
function aligned(rows: readonly Row[], head: readonly string[], colours: Palette): string[] {
  const all: readonly Row[] = head.length === 0 ? rows : [head, ...rows]
  const columns = Math.max(0, ...all.map(row => row.length))
  // A loop: a list of arguments as long as a report could be too long.
  const widths: number[] = Array.from({length: columns}, () => 0)
  const numbers = Array.from({length: columns}, (_, i) => rows.some(row => row[i] !== undefined && isNumber(row[i])))
  for (const row of all) for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cellText(cell).length)
  return all.map((row, place) => {
    const cells = row.map((cell, i) => {
      const width = widths[i] ?? 0
      const text = cellText(cell)
      return numbers[i] === true ? text.padStart(width) : text.padEnd(width)
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
