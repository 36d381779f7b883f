/** Findings and logs of a page. */
import type {AccountStage, ExcerptedFinding} from '../../model/account.js'
import {humanTime} from '../report-cells.js'
import {html, type Markup} from './markup.js'
import {accountOf, type Page, statusClass, statusOf} from './page-model.js'

const severities = new Set(['error', 'warning', 'info'])
const order = ['error', 'warning', 'info']

/** Of the last build first, then what is found now besides. */
export function allFindings(page: Page): (ExcerptedFinding & {readonly isOfBuild: boolean})[] {
  const seen = new Set<string>()
  const then = (accountOf(page)?.diagnostics ?? []).map(each => ({...each, isOfBuild: true}))
  return [...then, ...page.findings.map(each => ({...each, isOfBuild: false}))]
    .filter(({rule, file, line, column, message}) => {
      const id = JSON.stringify([rule, file, line, column, message])
      return !seen.has(id) && seen.add(id)
    })
    .toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity))
}

export function findings(page: Page): Markup | undefined {
  const all = allFindings(page)
  if (all.length === 0) return undefined
  return html`<ul class="findings">${all.map(({severity, message, rule, hint, file, line, column, excerpt, isOfBuild}) => {
    const kind = severities.has(severity) ? severity : 'info'
    // What is said of an input as a whole has no place in it.
    const place = excerpt.length === 0 && line === 1 && column === 1 ? undefined : html`<code>${file}:${line}:${column}</code> · `
    return html`<li class="${kind}"><p><span class="badge ${kind}">${severity}</span> ${message}</p>${
      excerpt.length === 0
        ? undefined
        : html`<pre tabindex="0" aria-label="Source">${excerpt.map((each, i) => html`${i === 0 ? '' : html`\n`}${each}`)}</pre>`
    }${hint === undefined ? undefined : html`<p class="hint"><b>What to do:</b> ${hint}</p>`}<p class="place">${place}<code>${rule}</code>${isOfBuild ? ' · in the last build' : ''}</p></li>`
  })}</ul>`
}

/** A file's name alone: where the store lies is nobody's business. */
function fileName(path: string): string {
  return path.replace(/^.*\//, '')
}

function log({name, status, tail, hasMore, log: file, start, end}: AccountStage): Markup {
  const took = start === undefined || end === undefined ? '' : `, ${humanTime(end - start)}`
  const words = html`${name} <span class="badge ${statusClass(status)}">${statusOf(status)}</span> <span class="note">${hasMore ? 'last ' : ''}${tail.length === 1 ? '1 line' : `${tail.length} lines`}${took}</span>`
  const open = status === 'failed' || status === 'stopped'
  const whole =
    file === undefined ? undefined : html`<p class="note">All of it: <code>logs/${fileName(file)}</code> in the store.</p>`
  const text = html`<pre tabindex="0" aria-label="Output of ${name}">${tail.map(each => html`${plain(each)}\n`)}</pre>`
  return open
    ? html`<details open><summary>${words}</summary>${text}${whole}</details>`
    : html`<details><summary>${words}</summary>${text}${whole}</details>`
}

/** Without colours, and with spaces for tabs, as the terminal has it. */
function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;?]*[ -/]*[@-~]/g, '').replaceAll('\t', '  ')
}

export function logs(page: Page): Markup | undefined {
  const all = (accountOf(page)?.stages ?? []).filter(({tail}) => tail.length > 0)
  return all.length === 0 ? undefined : html`${all.map(log)}`
}
