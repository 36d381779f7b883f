/** ENTRYPOINT, CMD and WORKDIR as `%runscript` (K123, K124, K148, K149). */
import {commandWords, nothingToRun, runscriptLines} from '../../language/runscript.js'
import {environmentQuote} from '../../language/shell.js'
import type {Command, Settings, Stage} from '../../model/description.js'
import type {ImageConfig} from '../../model/image-config.js'
import type {Span} from '../../model/span.js'
import {plainText, type Template} from '../../model/template.js'
import type {PrintedSection} from './print.js'
import {guardLines, shellWord} from './quote.js'
import type {StageScript} from './script.js'

export interface Start {
  readonly settings: Settings
  /** WORKDIR as the chain of stages leaves it; undefined when none sets one. */
  readonly workdir: Template | undefined
  readonly root: Stage
  readonly config: ImageConfig | undefined
  /** The stage and those below it, for what they bring. */
  readonly chain: readonly Stage[]
  /** PATH is set by ENV. */
  readonly pathSet: boolean
}

/**
 * Without a shell in the image nothing could carry out a run script. Apptainer's own shell reads the environment files
 * though, with the arguments of `apptainer run` (tried with 1.4.5): there the program is started.
 */
export function startLines(script: StageScript, start: Start): readonly string[] {
  const {settings} = start
  if (settings.entrypoint === undefined && settings.cmd === undefined) return []
  const span = (settings.entrypoint ?? settings.cmd)?.span ?? start.root.nameSpan
  const lines = runscriptLines(
    {entrypoint: settings.entrypoint?.value, cmd: settings.cmd?.value, workdir: startFolder(script, start, span)},
    environmentQuote,
  )
  if (lines === undefined) return []
  return [
    '# apptainer run: this image has no shell for a run script',
    `if [ "$0" = /.singularity.d/actions/run ]; then`,
    ...lines.map(line => `    ${guardLines(line, '"')}`),
    'fi',
  ]
}

export function runscriptSection(script: StageScript, start: Start): PrintedSection[] {
  if (script.hostMode) return []
  const {settings, root, config} = start
  const span = (settings.entrypoint ?? settings.cmd)?.span ?? root.nameSpan
  const own = settings.entrypoint !== undefined || settings.cmd !== undefined
  if (!own && config === undefined && root.base.kind !== 'scratch') return []
  const entrypoint = settings.entrypoint?.value ?? inherited(config?.entrypoint)
  const cmd = settings.cmd?.value ?? (settings.entrypoint === undefined ? inherited(config?.cmd) : undefined)
  if (settings.entrypoint === undefined && own && config === undefined && root.base.kind !== 'scratch') {
    script.warn(
      'base-entrypoint',
      span,
      'If the base image has an ENTRYPOINT, docker starts that with this CMD as its arguments; the definition starts CMD itself.',
      'Convert where the configuration of the base image can be read, or write the ENTRYPOINT into the Dockerfile.',
    )
  }
  const folder = startFolder(script, start, span)
  if (folder !== undefined && takesArguments(entrypoint)) {
    script.warn(
      'workdir-at-runtime',
      span,
      `The program starts in ${folder}, so relative paths among its arguments mean that folder and not the caller's.`,
      "Use --keep-cwd to stay in the caller's folder.",
    )
  }
  const lines = runscriptLines({entrypoint, cmd, workdir: folder}, shellWord)
  // Without a start of its own Apptainer's script for the base does the same.
  const isBare = config !== undefined && config.entrypoint.length === 0 && config.cmd.length === 0
  if (lines === undefined && (!own || isBare)) return []
  const printed = lines === undefined ? nothingToRun : byPath(start, lines, entrypoint ?? cmd)
  return [{title: 'runscript', items: printed.map(text => ({text}))}]
}

/**
 * K114: the shell of busybox takes programs of its own for those of the image (tried with 1.35). Where the image
 * brings one of such a name, in a PATH that it sets, the script looks it up itself.
 */
function byPath({chain, pathSet}: Start, lines: readonly string[], command: Command | undefined): readonly string[] {
  const name = command === undefined ? undefined : commandWords(command)[0]
  if (!pathSet || name === undefined || !/^[\w.+-]+$/.test(name) || !bringsProgram(chain, name)) return lines
  const rest = lines.slice(0, -1)
  const last = lines.at(-1)
  return last === 'exec "$@"'
    ? [...rest, 'program=$(which "$1") || exit 127', 'shift', 'exec "$program" "$@"']
    : [...rest, `exec "$(which ${name})"${last?.slice('exec '.length + name.length)}`]
}

/** A step names a file of that name in some folder, or copies into a folder of programs. */
function bringsProgram(chain: readonly Stage[], name: string): boolean {
  return chain.some(stage =>
    stage.steps.some(step => {
      if (step.kind === 'run') return `${commandWords(step.command).join(' ')} `.includes(`/${name} `)
      if (step.kind !== 'copy') return false
      const to = step.destination === undefined ? undefined : plainText(step.destination.path)
      return to === undefined || to.endsWith(`/${name}`) || (/bin\/?$/.test(to) && shellTools.has(name))
    }),
  )
}

/** Programs of busybox that people name an entrypoint after. */
const shellTools = new Set(
  'ash awk cat echo env find grep httpd ls nc ping printf ps sed sh sleep sort tail test top wget'.split(' '),
)

function inherited(words: readonly string[] | undefined): Command | undefined {
  return words === undefined || words.length === 0 ? undefined : {kind: 'exec', argv: words}
}

/** Where docker starts; undefined for the folder of the caller. */
function startFolder(script: StageScript, {workdir, config}: Start, span: Span): string | undefined {
  if (script.options.keepCwd) return undefined
  const own = workdir === undefined ? undefined : plainText(workdir)
  if (workdir !== undefined && own === undefined) {
    script.warn(
      'workdir-at-runtime',
      span,
      'WORKDIR depends on the base image, so the program starts in the folder of the person who calls it.',
    )
    return undefined
  }
  const folder = own ?? config?.workdir
  return folder === undefined || folder === '' || folder === '/' ? undefined : folder
}

function takesArguments(entrypoint: Command | undefined): boolean {
  return entrypoint?.kind === 'exec' && entrypoint.argv.length > 0
}
