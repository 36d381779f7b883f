/** `build --report FILE`: the page of the report, written when the build is done, however it went. */
import {ExitCode, SifstageError} from '../index.js'
import {type BuildFlags, type Onlooker, runBuild} from './build.js'
import type {Outcome} from './outcome.js'

/**
 * Carries out `build`, and writes its page where one is wanted.
 * @throws as `runBuild` does; then there is no page
 */
export async function runBuildWithReport(
  input: string | undefined,
  {report, ...flags}: BuildFlags & {readonly report?: string | undefined},
  onlooker: Onlooker,
  version: string,
): Promise<Outcome> {
  if (report === undefined || flags.dryRun) return runBuild(input, flags, onlooker)
  if (input === '-')
    throw new SifstageError(
      ExitCode.usage,
      '--report: standard input can be read only once, and the report reads the description again',
      'Put it into a file, and name that',
    )
  const outcome = await runBuild(input, flags, onlooker)
  return {...outcome, messages: `${outcome.messages}${await writePage(input, report, flags, onlooker.signal, version)}`}
}

/** What is to be said about it: a page that cannot be written is no failure of the build. */
async function writePage(
  input: string | undefined,
  file: string,
  {secret: _, storeTo: __, cacheTo: ___, ...flags}: BuildFlags,
  signal: AbortSignal,
  version: string,
): Promise<string> {
  const {runReport} = await import('./report.js')
  try {
    // What was built anew is in the store now.
    const asked = {...flags, noCache: false, noCacheFilter: [], format: 'html', output: file} as const
    await runReport(input, asked, {colour: false, messagesColour: false, version}, signal)
    return ''
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof SifstageError)) throw error
    return `warning: the report was not written: ${error.message}\n`
  }
}
