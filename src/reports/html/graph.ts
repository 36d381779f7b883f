/** The graph of a page: stages as boxes, what they hand on on the arrows. */
import type {PlanStage} from '../../model/plan.js'
import {type Arrow, arrowsOf} from '../plan-arrows.js'
import {baseWords} from '../plan-words.js'
import {humanTime} from '../report-cells.js'
import {columnsOf, visible} from '../visible.js'
import {layout, type Point} from './layout.js'
import {html, type Markup} from './markup.js'
import {accountOf, type Page, statusClass, statusOf} from './page-model.js'

/** Pixels: of a letter in the two sizes of text, of a box. */
const LETTER = 7.4
const SMALL = 6.4
const HEIGHT = 66
const NARROWEST = 150
const WIDEST = 270
/** Letters of a label, and arrows of a picture: beyond, nothing is seen any more. */
const LABEL = 30
const MOST = 250

/** The end of a path says more than its beginning. */
function tail(text: string, most: number): string {
  const shown = visible(text)
  return shown.length <= most ? shown : `…${shown.slice(shown.length - most + 1)}`
}

function head(text: string, most: number): string {
  const shown = visible(text)
  return shown.length <= most ? shown : `${shown.slice(0, most - 1)}…`
}

function labelOf({kind, paths}: Arrow): string {
  const [first] = paths
  if (kind === 'base') return 'base'
  return first === undefined ? '' : paths.length === 1 ? tail(first, LABEL) : `${tail(first, LABEL - 3)} +${paths.length - 1}`
}

function numbers(value: number): string {
  return String(Math.round(value * 10) / 10)
}

/** Straight down where it leaves, passes and arrives, and bent between. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points
  if (first === undefined) return ''
  let [path, from] = [`M${numbers(first.x)} ${numbers(first.y)}`, first]
  for (const to of rest) {
    const half = (from.y + to.y) / 2
    path += `C${numbers(from.x)} ${numbers(half)} ${numbers(to.x)} ${numbers(half)} ${numbers(to.x)} ${numbers(to.y)}`
    from = to
  }
  return path
}

function arrowText({kind, paths}: Arrow, from: string, to: string): string {
  return kind === 'base'
    ? `${to} starts from ${from}`
    : `${from} hands ${paths.length === 0 ? 'files' : paths.join(', ')} to ${to}`
}

interface Look {
  readonly status: string
  readonly words: string
}

function looks(page: Page): (stage: PlanStage) => Look {
  const built = new Map((accountOf(page)?.stages ?? []).map(each => [each.name, each] as const))
  return ({name, cached}) => {
    const stage = built.get(name)
    if (stage === undefined)
      return cached ? {status: 'cached', words: 'in the store'} : {status: 'not-run', words: 'not in the store'}
    const took =
      stage.status === 'cached' || stage.start === undefined || stage.end === undefined ? undefined : stage.end - stage.start
    const words = statusOf(stage.status)
    return {
      status: statusClass(stage.status),
      words: took === undefined || stage.status === 'not-run' ? words : `${words}, ${humanTime(took)}`,
    }
  }
}

function drawLine({kind}: Arrow, points: readonly Point[], text: string): Markup {
  const end = points.at(-1) ?? {x: 0, y: 0}
  // The line ends where the head begins.
  const path = curve([...points.slice(0, -1), {x: end.x, y: end.y - 7}])
  return html`<g class="arrow ${kind}"><title>${text}</title><path d="${path}"/>${
    kind === 'base' ? html`<path class="inner" d="${path}"/>` : undefined
  }<path class="head" d="M${numbers(end.x - 5)} ${numbers(end.y - 8)}h10l-5 8z"/></g>`
}

/** Above all lines, so that none goes through a word. */
function drawLabel(arrow: Arrow, {x, y}: Point, text: string): Markup | undefined {
  const words = labelOf(arrow)
  const width = columnsOf(words) * SMALL + 6
  if (words === '') return undefined
  return html`<g><title>${text}</title><rect class="behind" x="${numbers(x - width / 2)}" y="${numbers(y - 9)}" width="${numbers(width)}" height="18"/><text class="small" x="${numbers(x)}" y="${numbers(y + 4)}" text-anchor="middle">${words}</text></g>`
}

export function graph(page: Page): Markup | undefined {
  const {plan: stages, report} = page
  const arrows = arrowsOf(stages)
  if (stages.length === 0) return undefined
  if (arrows.length > MOST)
    return html`<p>There are ${arrows.length} arrows, too many for a picture; the tables below have them all.</p>`
  const look = looks(page)
  const longest = (stage: PlanStage) =>
    Math.max(
      columnsOf(visible(stage.name)) * LETTER,
      columnsOf(visible(baseWords(stage))) * SMALL,
      columnsOf(look(stage).words) * SMALL,
    )
  const widths = stages.map(stage => Math.min(WIDEST, Math.max(NARROWEST, longest(stage) + 34)))
  const drawn = layout(arrows, {widths, height: HEIGHT, labels: arrows.map(each => columnsOf(labelOf(each)) * SMALL + 12)})
  const name = (place: number) => stages[place]?.name ?? ''
  const texts = arrows.map(each => arrowText(each, name(each.from), name(each.to)))
  const boxes = stages.map((stage, i) => {
    const {x, y} = drawn.stages[i] ?? {x: 0, y: 0}
    const width = widths[i] ?? 0
    const {status, words} = look(stage)
    const [left, top] = [x - width / 2, y - HEIGHT / 2]
    const letters = Math.floor((width - 28) / SMALL)
    const isTarget = stage.name === report.target
    return html`<g class="stage ${status}${isTarget ? ' target' : ''}"><title>${stage.name}: ${words}, from ${baseWords(stage)}</title><rect class="box" x="${numbers(left)}" y="${numbers(top)}" width="${numbers(width)}" height="${HEIGHT}" rx="6"/><rect class="strip" x="${numbers(left + 7)}" y="${numbers(top + 10)}" width="4" height="${HEIGHT - 20}" rx="2"/><text class="name" x="${numbers(left + 20)}" y="${numbers(top + 23)}">${head(stage.name, Math.floor((width - 28) / LETTER))}</text><text class="small" x="${numbers(left + 20)}" y="${numbers(top + 40)}">${tail(baseWords(stage), letters)}</text><text class="small" x="${numbers(left + 20)}" y="${numbers(top + 56)}">${words}</text></g>`
  })
  const [width, height] = [Math.ceil(drawn.width), Math.ceil(drawn.height)]
  return html`<div class="scroll" role="region" aria-label="Graph of the stages" tabindex="0"><svg class="graph" role="img" aria-labelledby="graph-title graph-text" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"><title id="graph-title">Graph of ${stages.length} stages</title><desc id="graph-text">${texts.join('. ')}</desc>${arrows.map((each, i) => drawLine(each, drawn.arrows[i]?.points ?? [], texts[i] ?? ''))}${arrows.map((each, i) => drawLabel(each, drawn.arrows[i]?.label ?? {x: 0, y: 0}, texts[i] ?? ''))}${boxes}</svg></div>`
}
