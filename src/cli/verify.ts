/** `verify`: what the library found of a stage's artifacts in an image. */
import {type ArtifactReport, type Diagnostic, type VerifyOptions, verify} from '../index.js'
import {diagnosticJson} from '../model/diagnostic.js'
import {palette} from '../reports/palette.js'
import {renderDiagnostics} from '../reports/text.js'
import {artifactJson} from './build.js'
import type {Outcome} from './outcome.js'
import {printable} from './progress.js'

export type VerifyFlags = VerifyOptions

function documentOf(
  input: string,
  flags: Pick<VerifyFlags, 'stage'>,
  image: string,
  artifacts: readonly ArtifactReport[],
  diagnostics: readonly Diagnostic[],
): object {
  return {
    version: 1,
    input,
    stage: flags.stage,
    image,
    artifacts: artifacts.map(artifactJson),
    diagnostics: diagnostics.map(diagnosticJson),
  }
}

export function failedVerifyDocument(flags: Pick<VerifyFlags, 'stage'>, image: string): (finding: Diagnostic) => object {
  return finding => documentOf(finding.span.file, flags, image, [], [finding])
}

export async function runVerify(
  source: string,
  image: string,
  flags: VerifyFlags,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const {input, exitCode, stage, artifacts, diagnostics} = await verify(source, image, flags, {signal})
  const colours = palette(colour)
  const lines = artifacts.map(each =>
    each.status === 'ok'
      ? `${colours.good('✓')} ${printable(each.path)} (${each.kind}), for ${each.wantedBy.join(', ')}`
      : `${colours.error('✗')} ${printable(each.path)}, wanted by ${each.wantedBy.join(', ')}`,
  )
  if (stage !== undefined && artifacts.length === 0) lines.push(`no later stage copies anything from stage "${stage}"`)
  return {
    exitCode,
    document: documentOf(input.input, flags, image, artifacts, diagnostics),
    text: lines.length === 0 ? '' : `${lines.join('\n')}\n`,
    messages: renderDiagnostics(diagnostics, {source: input, colour}),
  }
}
