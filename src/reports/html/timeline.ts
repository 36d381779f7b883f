/** When each stage of the last build ran, one bar a stage on a common scale, and what ran side by side. */
import type {AccountStage, BuildAccount} from '../../model/account.js'
import {humanTime} from '../report-cells.js'
import {html, type Markup} from './markup.js'
import {accountOf, type Page, statusClass, statusOf} from './page-model.js'

/** Units of a bar's own coordinates; it is stretched to the width that there is. */
const UNITS = 1000
/** A bar that is any thinner cannot be seen. */
const THINNEST = 3
const MOST_STEPS = 60

type Timed = AccountStage & {readonly start: number; readonly end: number}

function isTimed(stage: AccountStage): stage is Timed {
  return stage.start !== undefined && stage.end !== undefined && stage.status !== 'not-run'
}

/** What came behind the last stage: packing OUT and putting it in its place. */
function writing({output, seconds, stages}: BuildAccount): AccountStage[] {
  const last = Math.max(0, ...stages.map(({end}) => end ?? 0))
  if (output === undefined || seconds - last < 0.1) return []
  const nothing = {notes: [], steps: [], artifacts: [], tail: [], hasMore: false}
  return [{name: 'writing the image', status: 'built', start: last, end: seconds, ...nothing}]
}

/** How many stages were being built at once, at most. */
export function mostAtOnce(stages: readonly {readonly start: number; readonly end: number}[]): number {
  return stages.reduce(
    (most, {start}) => Math.max(most, stages.filter(other => other.start <= start && start < other.end).length),
    0,
  )
}

function summary(account: BuildAccount): Markup {
  const timed = account.stages.filter(isTimed)
  // A stage of the store fails where an artifact of it is not what is wanted now.
  const ran = timed.filter(({status, steps}) => status === 'built' || (status !== 'cached' && steps.length > 0))
  const cached = timed.filter(({status}) => status === 'cached').length
  const together = ran.reduce((sum, {start, end}) => sum + end - start, 0)
  const most = mostAtOnce(ran)
  const parts = [
    ran.length === 0
      ? 'No stage was run'
      : `${ran.length} of ${account.stages.length} stages ran, for ${humanTime(together)} in all`,
    most > 1 ? `up to ${most} side by side` : undefined,
    cached === 0 ? undefined : `${cached} ${cached === 1 ? 'was' : 'were'} cached`,
  ]
  return html`<p>${parts.filter(each => each !== undefined).join('; ')}. The whole build took ${humanTime(account.seconds)}.</p>`
}

function bar({name, status, start, end, steps}: Timed, whole: number): Markup {
  const at = (seconds: number) => Math.round((Math.max(0, seconds) / whole) * UNITS)
  const width = (from: number, to: number) => Math.max(THINNEST, at(to) - at(from))
  const words = `${name}: ${statusOf(status)}, from ${humanTime(start)} to ${humanTime(end)}`
  const marks = steps.length < 2 ? [] : steps.slice(0, MOST_STEPS)
  return html`<svg class="bar" role="img" aria-label="${words}" viewBox="0 0 ${UNITS} 20" preserveAspectRatio="none"><title>${words}</title>${[
    0, 250, 500, 750, 1000,
  ].map(
    x => html`<path class="tick" d="M${x} 0v20"/>`,
  )}<rect class="${statusClass(status)}" x="${Math.min(at(start), UNITS - THINNEST)}" y="3" width="${width(start, end)}" height="14"/>${marks.map(
    ({title, start: from, seconds}, i) =>
      html`<rect class="step${i % 2 === 0 ? '' : ' odd'}" x="${at(from)}" y="3" width="${Math.max(1, at(from + (seconds ?? end - from)) - at(from))}" height="14"><title>${title}${
        seconds === undefined ? '' : `: ${humanTime(seconds)}`
      }</title></rect>`,
  )}</svg>`
}

/** Why it ran, and its steps where there are several. */
function more({name, steps, notes}: AccountStage): Markup | undefined {
  const why = notes.join(' · ')
  if (steps.length < 2) return why === '' ? undefined : html`<p class="note">${why}</p>`
  return html`<details><summary>${why === '' ? '' : `${why} · `}${steps.length} steps</summary><div class="scroll" role="region" aria-label="Steps of ${name}" tabindex="0"><table><thead><tr><th scope="col">step</th><th scope="col" class="number">line</th><th scope="col" class="number">began at</th><th scope="col" class="number">took</th></tr></thead><tbody>${steps.map(
    ({title, line, start, seconds, ok}) =>
      html`<tr><td><code>${title}</code>${ok === false ? html` <span class="badge failed">failed</span>` : undefined}</td><td class="number">${line}</td><td class="number">${humanTime(start)}</td><td class="number">${seconds === undefined ? '' : humanTime(seconds)}</td></tr>`,
  )}</tbody></table></div></details>`
}

function row(stage: AccountStage, whole: number): Markup {
  const took = isTimed(stage) ? humanTime(stage.end - stage.start) : ''
  return html`<li><div class="who"><span class="name">${stage.name}</span> <span class="badge ${statusClass(stage.status)}">${statusOf(stage.status)}</span></div><div class="took">${took}</div>${
    isTimed(stage) ? bar(stage, whole) : html`<div class="bar"></div>`
  }${more(stage)}</li>`
}

export function timeline(page: Page): Markup {
  const account = accountOf(page)
  if (account === undefined)
    return html`<p>There is no timeline: ${typeof page.build === 'string' ? page.build : 'nothing was built here'}. <code>sifstage build</code> writes it down.</p>`
  const whole = Math.max(account.seconds, ...account.stages.map(({end}) => end ?? 0), 0.1)
  // Those that never ran are last, in the order of the description.
  const sorted = account.stages.toSorted((a, b) => (a.start ?? Infinity) - (b.start ?? Infinity) || 0)
  const ordered = sorted.some(({start}) => start !== undefined) ? sorted : account.stages
  return html`${summary(account)}<ol class="timeline"><li class="axis" aria-hidden="true"><div class="ticks">${[
    0, 0.25, 0.5, 0.75, 1,
  ].map(
    part => html`<span>${humanTime(whole * part)}</span>`,
  )}</div></li>${[...ordered, ...writing(account)].map(stage => row(stage, whole))}</ol>`
}
