/** What a report says of the stages, as tables: text and Markdown print the same ones. */
import type {Cell, Report, ReportedStage, Row} from '../model/report.js'

export interface Table {
  readonly title: string
  readonly head: readonly string[]
  readonly rows: readonly Row[]
}

function baseText({base}: ReportedStage): string {
  return base.kind === 'stage' ? `stage ${base.reference ?? ''}` : (base.reference ?? base.kind)
}

function stageRow(stage: ReportedStage): Row {
  const known = (value: number | undefined, cell: (value: number) => Cell): Cell => (value === undefined ? '' : cell(value))
  return [
    stage.name,
    baseText(stage),
    known(stage.bytes, bytes => ({bytes})),
    known(stage.files, count => ({count})),
    known(stage.imageBytes, bytes => ({bytes})),
    known(stage.seconds, seconds => ({seconds})),
    stage.cached ? 'yes' : `no${stage.why === undefined ? '' : `: ${stage.why}`}`,
  ]
}

function stages(report: Report): Table[] {
  if (report.stages.length === 0) return []
  return [
    {
      title: 'stages',
      head: ['stage', 'base', 'size', 'files', 'packed', 'built in', 'in the store'],
      rows: report.stages.map(stageRow),
    },
  ]
}

function artifacts(report: Report): Table[] {
  if (report.artifacts.length === 0) return []
  return [
    {
      title: 'artifacts',
      head: ['from stage', 'path', 'kind', 'size', 'wanted by'],
      rows: report.artifacts.map(each => [
        each.stage,
        each.path,
        each.kind ?? '?',
        each.bytes === undefined ? '' : {bytes: each.bytes},
        each.wantedBy.join(', '),
      ]),
    },
  ]
}

/** `99.8 %`: how much smaller the first is. */
function less(bytes: number, than: number): string {
  return than === 0 ? '' : `${(100 * (1 - bytes / than)).toFixed(1)} % less`
}

function saved({saved: sums}: Report): Table[] {
  if (sums === undefined) return []
  const {finalBytes, largest, sumBytes} = sums
  return [
    {
      title: 'what stages saved',
      head: ['', 'size', 'the final image is'],
      rows: [
        ['final image', {bytes: finalBytes}, ''],
        [`largest stage (${largest.stage})`, {bytes: largest.bytes}, less(finalBytes, largest.bytes)],
        ['all stages together', {bytes: sumBytes}, less(finalBytes, sumBytes)],
      ],
    },
  ]
}

function tuning(report: Report): Table[] {
  if (report.tuning.length === 0) return []
  return [
    {
      title: 'compiled for',
      head: ['stage', 'flag', 'place'],
      rows: report.tuning.map(each => [each.stage, each.flag, `${each.file}:${each.line}`]),
    },
  ]
}

/** Tables about the description; empty for an image alone. */
export function stageTables(report: Report): Table[] {
  return [...stages(report), ...artifacts(report), ...saved(report), ...tuning(report)]
}

/** Tables about the image. */
export function imageTables({image}: Report): Table[] {
  if (image === undefined) return []
  const packed: Row[] = image.fileBytes === undefined ? [] : [['packed', {bytes: image.fileBytes}]]
  return image.sections.map(({title, rows, head}, i) => ({title, head: head ?? [], rows: i === 0 ? [...packed, ...rows] : rows}))
}

/** What the image's part is called. */
export function imageTitle({image}: Report): string {
  if (image === undefined) return ''
  return image.from === 'store' ? `image of stage ${image.name}, from the store` : `image ${image.name}`
}
