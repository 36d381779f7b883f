/** `--against-host`: an image beside the machine that sifstage runs on. */
import {compareWithHost, type Host, hostOf} from '../inspection/host.js'
import {inspectImage} from '../inspection/inspect.js'
import type {Findings} from '../inspection/topics.js'
import type {Diagnostic} from '../model/diagnostic.js'
import type {Image} from '../model/image.js'
import {startOf} from '../model/span.js'
import {hostTexts} from '../system/host.js'
import {hostArchitecture} from './input.js'

/** What is known of this machine. */
export async function thisHost(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<Host> {
  return hostOf(await hostTexts(hostArchitecture, environment, signal))
}

/** Findings about an image have no place in a text: they stand at the start of what was typed. */
export function hostDiagnostics(findings: Findings, host: Host, input: string): Diagnostic[] {
  return compareWithHost(findings, host).map(each => ({...each, span: startOf(input)}))
}

/** All in one, for a verb that does not look at the image otherwise. */
export async function againstHost(
  image: Image,
  input: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<Diagnostic[]> {
  const {findings} = await inspectImage(image, {artifacts: new Set(), signal})
  return hostDiagnostics(findings, await thisHost(environment, signal), input)
}
