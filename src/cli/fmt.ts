/** `fmt`: descriptions and definition files laid out anew, without changing what they say. */
import {diagnosticJson, ExitCode, type FormatName, type Formatted, format} from '../index.js'
import {unifiedDifference} from '../reports/difference.js'
import {renderDiagnostics} from '../reports/text.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

export interface FmtFlags {
  readonly check: boolean
  readonly diff: boolean
  readonly from?: FormatName | undefined
}

/** @param files as typed; `-` alone is standard input, and goes to standard output */
export async function runFmt(files: readonly string[], flags: FmtFlags, colour: boolean): Promise<Outcome> {
  const readOnly = flags.check || flags.diff
  const looked = await format(files, {from: flags.from, readOnly})
  const changed = looked.filter(each => each.text !== undefined && each.text !== each.source)
  const failed = looked.some(each => each.text === undefined)
  const only = looked[0]
  const standard = only?.file === '-' && !readOnly ? (only.text ?? '') : undefined
  return {
    exitCode: failed ? ExitCode.usage : flags.check && changed.length > 0 ? ExitCode.wrong : ExitCode.done,
    document: {
      version: 1,
      files: looked.map(({file, source, text, diagnostics}) => ({
        file,
        changed: text !== undefined && text !== source,
        diagnostics: diagnostics.map(diagnosticJson),
        ...(file === '-' && text !== undefined ? {text} : {}),
      })),
    },
    text:
      standard ??
      (flags.diff
        ? changed.map(({file, source, text = ''}) => shown(unifiedDifference(file, source, text))).join('')
        : changed.map(({file}) => `${visible(file)}\n`).join('')),
    messages: `${looked.map(({file, source, diagnostics}) => renderDiagnostics(diagnostics, {source: {input: file, source}, colour})).join('')}${
      standard === undefined ? summary(looked, changed, readOnly) : ''
    }`,
  }
}

/** Lines of a file, each without what could damage a terminal. */
function shown(text: string): string {
  return text.replaceAll(/[^\n]+/g, line => line.replaceAll(/[^\t]+/g, visible))
}

function summary(looked: readonly Formatted[], changed: readonly Formatted[], readOnly: boolean): string {
  const read = looked.filter(each => each.text !== undefined)
  if (read.length === 0) return 'Nothing was changed.\n'
  const files = (count: number) => `${count} file${count === 1 ? '' : 's'}`
  const same = read.length - changed.length
  return [
    ...(changed.length === 0 ? [] : [`${files(changed.length)} ${readOnly ? 'would be changed' : 'changed'}`]),
    ...(same === 0 ? [] : [`${files(same)} laid out already`]),
  ]
    .join(', ')
    .concat('\n')
}
