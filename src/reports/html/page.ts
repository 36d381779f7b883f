/** A report as one page that needs nothing else: no network, no script, no fonts of its own. */
import {createHash} from 'node:crypto'
import {humanSize, humanTime} from '../report-cells.js'
import {imageTables, imageTitle, stageTables} from '../report-sections.js'
import {graph} from './graph.js'
import {html, type Markup, trusted} from './markup.js'
import {accountOf, type Page} from './page-model.js'
import {allFindings, findings, logs} from './sections.js'
import {STYLE} from './style.js'
import {artifacts, sizes, table} from './tables.js'
import {timeline} from './timeline.js'

/** Nothing is loaded and nothing runs; the one style is known by its hash. */
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`

interface Section {
  readonly id: string
  readonly title: string
  readonly content: Markup
}

function status(page: Page): Markup | undefined {
  const account = accountOf(page)
  if (page.findings.some(({severity}) => severity === 'error')) return html` <span class="badge failed">cannot be built</span>`
  if (account !== undefined) {
    const [kind, words] = ({ok: ['ok', 'built'], failed: ['failed', 'failed'], stopped: ['stopped', 'interrupted']} as const)[
      account.status
    ] ?? ['', account.status]
    return html` <span class="badge ${kind}">${words}</span>`
  }
  if (allFindings(page).some(({severity}) => severity === 'error'))
    return html` <span class="badge failed">cannot be built</span>`
  return page.build === undefined ? undefined : html` <span class="badge">never built</span>`
}

/** `2026-01-02 03:04 UTC`: the same for every reader. */
function moment(time: string): string {
  const date = new Date(time)
  return Number.isNaN(date.getTime()) ? time : `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`
}

function facts(page: Page): Markup | undefined {
  const account = accountOf(page)
  const {image} = page.report
  const output = account?.output
  const all: readonly (readonly [string, string])[] = [
    ...(account === undefined
      ? []
      : ([
          ['last build', moment(account.started)],
          ['took', humanTime(account.seconds)],
          ['engine', `${account.engine.name} ${account.engine.version}`],
        ] as const)),
    ...(output === undefined
      ? []
      : ([['image', `${output.path.replace(/^.*\/(?=.)/, '')}, ${humanSize(output.bytes)}`]] as const)),
    ...(output === undefined && image?.fileBytes !== undefined ? ([['packed', humanSize(image.fileBytes)]] as const) : []),
  ]
  if (all.length === 0) return undefined
  return html`<dl class="facts">${all.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}${
    output === undefined ? undefined : html`<div><dt>digest</dt><dd><code>${output.digest}</code></dd></div>`
  }</dl>`
}

function section(id: string, title: string, content: Markup | undefined): Section[] {
  return content === undefined ? [] : [{id, title, content}]
}

function sectionsOf(page: Page): Section[] {
  const {report, build} = page
  const [stages, ...others] = stageTables(report).filter(({title}) => title !== 'artifacts')
  const found = section('findings', 'Findings', findings(page))
  const isWrong = allFindings(page).some(({severity}) => severity === 'error')
  const drawn = graph(page)
  const picture =
    drawn === undefined
      ? undefined
      : html`${drawn}${
          page.plan.some(({base}) => base.kind === 'stage')
            ? html`<p class="legend">A double line leads to a stage that starts from the other's image, a single one to a stage that takes files out of it.</p>`
            : undefined
        }`
  const imageParts = imageTables(report)
  const image =
    imageParts.length === 0
      ? undefined
      : html`<p class="lead">${imageTitle(report)}</p>${imageParts.map(each => html`<h3>${each.title}</h3>${table(each)}`)}`
  const stagePart =
    stages === undefined
      ? undefined
      : html`${table(stages)}${sizes(page)}${others.flatMap(each => (each === undefined ? [] : [html`<h3>${each.title}</h3>${table(each)}`]))}`
  return [
    ...(isWrong ? found : []),
    ...section('graph', 'Stages and what they hand on', picture),
    ...section('timeline', 'Timeline of the last build', build === undefined ? undefined : timeline(page)),
    ...section('artifacts', 'Artifacts', artifacts(page)),
    ...section('stages', 'Sizes and times', stagePart),
    ...(isWrong ? [] : found),
    ...section('logs', 'Output of the last build', logs(page)),
    ...section('image', 'What is in the image', image),
  ]
}

export function reportPage(page: Page): string {
  const {report, version} = page
  const name = report.input ?? report.image?.name ?? 'image'
  const sections = sectionsOf(page)
  const document = html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${trusted(POLICY)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${name}: sifstage report</title>
<style>${trusted(STYLE)}</style>
</head>
<body>
<header>
<h1><span class="name">${name}</span>${status(page)}</h1>
${report.target === undefined ? undefined : html`<p class="lead">target <span class="name">${report.target}</span></p>`}
${facts(page)}
</header>
<nav aria-label="On this page"><ul>${sections.map(({id, title}) => html`<li><a href="#${id}">${title}</a></li>`)}</ul></nav>
<main>
${sections.map(({id, title, content}) => html`<section aria-labelledby="${id}"><h2 id="${id}">${title}</h2>\n${content}</section>\n`)}</main>
<footer>Made by sifstage ${version}. Nothing in this page is loaded from elsewhere.</footer>
</body>
</html>
`
  return document.text
}
