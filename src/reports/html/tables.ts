/** The tables of a page, and the bars that show sizes. */
import type {AccountArtifact} from '../../model/account.js'
import type {Row} from '../../model/report.js'
import {cellText, humanSize, isNumber} from '../report-cells.js'
import type {Table} from '../report-sections.js'
import {html, type Markup} from './markup.js'
import {accountOf, type Page} from './page-model.js'

/** The first cell names its row. */
export function table({title, head, rows}: Table): Markup {
  const columns = rows.reduce((most, row) => Math.max(most, row.length), head.length)
  const places = Array.from({length: columns}, (_, i) => i)
  const isNumeric = places.map(i => rows.some(row => row[i] !== undefined && isNumber(row[i])))
  const cell = (row: Row, i: number) => (row[i] === undefined ? '' : cellText(row[i]))
  const kind = (i: number) => (isNumeric[i] === true ? ' class="number"' : '')
  return html`<div class="scroll" role="region" aria-label="${title}" tabindex="0"><table${head.length === 0 ? html` class="plain"` : undefined}>${
    head.length === 0
      ? undefined
      : html`<thead><tr>${places.map(i => (isNumeric[i] === true ? html`<th scope="col" class="number">${cellText(head[i] ?? '')}</th>` : html`<th scope="col">${cellText(head[i] ?? '')}</th>`))}</tr></thead>`
  }<tbody>${rows.map(
    row =>
      html`<tr>${places.map(i => {
        if (i === 0) return html`<th scope="row">${cell(row, i)}</th>`
        return kind(i) === '' ? html`<td>${cell(row, i)}</td>` : html`<td class="number">${cell(row, i)}</td>`
      })}</tr>`,
  )}</tbody></table></div>`
}

/** Sizes of the stages and of the image, each as a bar beside the largest. */
export function sizes({report}: Page): Markup | undefined {
  const known = report.stages.flatMap(({name, bytes}) => (bytes === undefined ? [] : [{name, bytes}]))
  const final = report.saved?.finalBytes
  const all = final === undefined ? known : [...known, {name: 'final image', bytes: final}]
  if (known.length < 2) return undefined
  const largest = Math.max(1, ...all.map(({bytes}) => bytes))
  return html`<ul class="sizes">${all.map(
    ({name, bytes}, i) =>
      html`<li><span class="name">${name}</span><span class="took">${humanSize(bytes)}</span><svg class="bar" aria-hidden="true" viewBox="0 0 1000 10" preserveAspectRatio="none"><rect class="${i >= known.length ? 'ok' : 'built'}" x="0" y="0" width="${Math.max(2, Math.round((bytes / largest) * 1000))}" height="10"/></svg></li>`,
  )}</ul>`
}

interface Checked {
  readonly stage: string
  readonly path: string
  readonly wantedBy: readonly string[]
  readonly kind: string | undefined
  readonly bytes: number | undefined
  readonly check: 'ok' | 'failed' | undefined
}

/** What stages hand on: as the last build judged it, else as the store has it. */
function checked(page: Page): Checked[] {
  const judged = new Map<string, AccountArtifact>()
  for (const {name, artifacts} of accountOf(page)?.stages ?? [])
    for (const each of artifacts) judged.set(`${name}\0${each.path}`, each)
  return page.report.artifacts.map(({stage, path, wantedBy, kind, bytes}) => {
    const found = judged.get(`${stage}\0${path}`)
    return {stage, path, wantedBy, kind: kind ?? found?.kind, bytes: bytes ?? found?.bytes, check: found?.status}
  })
}

const checks = {ok: '✓ verified', failed: '✗ not as it must be'} as const

export function artifacts(page: Page): Markup | undefined {
  const all = checked(page)
  if (all.length === 0) return undefined
  return html`<div class="scroll" role="region" aria-label="Artifacts" tabindex="0"><table><thead><tr><th scope="col">path</th><th scope="col">from stage</th><th scope="col">wanted by</th><th scope="col">kind</th><th scope="col" class="number">size</th><th scope="col">in the last build</th></tr></thead><tbody>${all.map(
    ({stage, path, wantedBy, kind, bytes, check}) =>
      html`<tr><th scope="row"><code>${path}</code></th><td>${stage}</td><td>${wantedBy.join(', ')}</td><td>${kind}</td><td class="number">${bytes === undefined || kind === 'missing' ? '' : humanSize(bytes)}</td><td>${
        check === undefined ? 'not verified' : html`<span class="${check === 'ok' ? 'good' : 'bad'}">${checks[check]}</span>`
      }</td></tr>`,
  )}</tbody></table></div>`
}
