/**
 * Apps (`%app…`): folders below /scif with their scripts, and variables that every program of the image sees. Docker
 * starts none of them by name, but the image is the same. Tried with Apptainer 1.4.5.
 */
import {posix} from 'node:path'
import {shellQuote} from '../../language/shell.js'
import type {CopyStep, Stage} from '../../model/description.js'
import {literal} from '../../model/template.js'
import type {KnownPaths} from './known-paths.js'
import {writeFiles} from './write-files.js'
import {writeEnv, writeInline} from './write-parts.js'
import {prepareRun} from './write-post.js'
import {heredocName} from './write-words.js'
import type {StageState, Writing} from './writing.js'

/** Gives back what is to run behind `%post`: the apps' `%appinstall` (D57). */
export function writeApps(writing: Writing, stage: Stage, state: StageState, known: KnownPaths): string {
  const sections = stage.definition?.sections.filter(({name}) => name.startsWith('app')) ?? []
  const [first] = sections
  if (first === undefined) return ''
  const apps = [...new Set(sections.map(section => section.arguments.trim()))]
  const refuse = (message: string): string => {
    writing.refuse(stage, 'definition-app', first.span, message, 'Make each app a stage of its own.')
    return ''
  }
  if (stage.base.kind === 'scratch') return refuse('Apps need a shell in the image to make their folders, and scratch has none.')
  const odd = apps.find(app => !/^[A-Za-z0-9_]+$/.test(app))
  if (odd !== undefined) return refuse(`The variables of an app called ${JSON.stringify(odd)} are none that a shell can have.`)
  writing.warn(
    stage,
    'no-docker-equivalent',
    first.span,
    `The apps ${apps.join(', ')} are in the image, but docker starts none by its name.`,
    'docker run --entrypoint /scif/apps/NAME/scif/runscript IMAGE',
  )
  prepareRun(writing, stage, state)
  let install = ''
  for (const app of apps) {
    const body = (name: string) => sections.find(section => section.name === name && section.arguments.trim() === app)?.body
    writeApp(writing, stage, state, app, body)
    const root = `/scif/apps/${app}`
    for (const folder of ['bin', 'lib', 'scif/env']) known.addDirectory(`${root}/${folder}`, 'something')
    writeAppFiles(writing, stage, state, known, root, body('appfiles') ?? '')
    const script = body('appinstall')
    if (script !== undefined) install += `\ncd /\n. ${root}/scif/env/01-base.sh\ncd ${root}\n${script}\ncd /\n`
  }
  return install
}

function writeApp(
  writing: Writing,
  stage: Stage,
  state: StageState,
  app: string,
  body: (name: string) => string | undefined,
): void {
  const root = `/scif/apps/${app}`
  const data = `/scif/data/${app}`
  const variables: [name: string, value: string, wanted: boolean][] = [
    ['DATA', data, true],
    ['META', `${root}/scif`, true],
    ['ROOT', root, true],
    ['BIN', `${root}/bin`, true],
    ['LIB', `${root}/lib`, true],
    ['ENV', `${root}/scif/env/90-environment.sh`, body('appenv') !== undefined],
    ['LABELS', `${root}/scif/labels.json`, true],
    ['RUN', `${root}/scif/runscript`, body('apprun') !== undefined],
    ['START', `${root}/scif/startscript`, body('appstart') !== undefined],
  ]
  const set = variables.flatMap(([name, value, wanted]) =>
    wanted ? [{name: `SCIF_APP${name}_${app}`, value: literal(value)}] : [],
  )
  writeEnv(writing, stage, state, set, stage.nameSpan)
  const folders = [`${root}/bin`, `${root}/lib`, `${root}/scif/env`, `${data}/input`, `${data}/output`]
  const labels = appLabels(app, body('applabels') ?? '')
  const text = `mkdir -p ${folders.join(' ')}\nprintf %s ${shellQuote(labels)} > ${root}/scif/labels.json\n`
  const end = heredocName(text)
  writing.lines.push(`RUN <<${end}\n${text}${end}`)
  const base = [
    '#!/bin/sh',
    '',
    `SCIF_APPNAME=${app}`,
    `SCIF_APPROOT="${root}"`,
    `SCIF_APPMETA="${root}/scif"`,
    'SCIF_DATA="/scif/data"',
    `SCIF_APPDATA="${data}"`,
    `SCIF_APPINPUT="${data}/input"`,
    `SCIF_APPOUTPUT="${data}/output"`,
    'export SCIF_APPDATA SCIF_APPNAME SCIF_APPROOT SCIF_APPMETA SCIF_APPINPUT SCIF_APPOUTPUT SCIF_DATA',
    '',
  ].join('\n')
  const script = (name: string) => (body(name) === undefined ? undefined : `#!/bin/sh\n\n${body(name)}\n`)
  const files: [path: string, text: string | undefined, mode: string][] = [
    ['env/01-base.sh', base, '755'],
    ['env/90-environment.sh', body('appenv'), '755'],
    ['runscript', script('apprun'), '755'],
    ['startscript', script('appstart'), '755'],
    ['test', script('apptest'), '755'],
    ['runscript.help', body('apphelp'), '644'],
  ]
  for (const [path, content, mode] of files) {
    if (content === undefined) continue
    const file = {name: 'EOF', text: literal(content)}
    writeInline(writing, stage, state, `--chmod=${mode} `, file, `${root}/scif/${path}`, stage.nameSpan)
  }
}

/** As Go writes JSON with tabs: keys sorted, `<`, `>` and `&` as escapes. */
function appLabels(app: string, body: string): string {
  const labels = new Map([['SCIF_APP_NAME', app]])
  for (const line of body.split('\n')) {
    const text = line.trim()
    if (text === '' || text.startsWith('#')) continue
    const blank = text.indexOf(' ')
    labels.set(blank === -1 ? text : text.slice(0, blank), blank === -1 ? '' : text.slice(blank + 1).trim())
  }
  const sorted = Object.fromEntries([...labels].sort(([a], [b]) => (a < b ? -1 : 1)))
  const escapes: Readonly<Record<string, string>> = {'<': '\\u003c', '>': '\\u003e', '&': '\\u0026'}
  return JSON.stringify(sorted, null, '\t').replace(/[<>&]/g, character => escapes[character] ?? character)
}

/** `%appfiles`: host files below the app's folder. */
function writeAppFiles(writing: Writing, stage: Stage, state: StageState, known: KnownPaths, root: string, body: string): void {
  const span = stage.nameSpan
  for (const line of body.split('\n')) {
    const words = line.trim().split(/\s+/)
    const [source = '', destination = source] = words
    if (source === '' || source.startsWith('#')) continue
    const target = `${posix.join(root, destination)}`
    const step: CopyStep = {
      kind: 'copy',
      rules: 'def',
      span,
      from: {kind: 'context'},
      sources: [{path: literal(source), span}],
      destination: {path: literal(target), span},
    }
    if (words.length > 2 || /["']/.test(line)) {
      writing.refuse(
        stage,
        'definition-app',
        span,
        `%appfiles ${line.trim()} has more than two plain words.`,
        'Name the file plainly.',
      )
    } else writeFiles({writing, stage, state, known, step})
  }
}
