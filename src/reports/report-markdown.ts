/** A report as Markdown tables, for a pull request. */
import type {Report, Row} from '../model/report.js'
import {cellText, isNumber} from './report-cells.js'
import {imageTables, imageTitle, stageTables, type Table} from './report-sections.js'

/** Text in a table: nothing in it is markup, nothing ends the cell. */
function escaped(text: string): string {
  return text.replace(/[\\|`*_[\]<>~#&$]/g, '\\$&').replaceAll('@', '&#64;')
}

function line(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`
}

function table({title, head, rows}: Table, level: string): string {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), head.length)
  const filled = (row: Row) => Array.from({length: columns}, (_, i) => row[i] ?? '')
  const right = Array.from({length: columns}, (_, i) => rows.some(row => row[i] !== undefined && isNumber(row[i])))
  return [
    `${level} ${title}`,
    '',
    line(filled(head).map(cell => cellText(cell))),
    line(right.map(each => (each ? '---:' : '---'))),
    ...rows.map(row => line(filled(row).map(cell => escaped(cellText(cell))))),
  ].join('\n')
}

export function reportMarkdown(report: Report): string {
  const image = imageTitle(report)
  const blocks = [
    ...(report.input === undefined ? [] : [`## ${escaped(cellText(report.input))}`]),
    ...stageTables(report).map(each => table(each, '###')),
    ...(image === '' ? [] : [`## ${escaped(cellText(image))}`]),
    ...imageTables(report).map(each => table(each, '###')),
  ]
  return `${blocks.join('\n\n')}\n`
}
