/** `lock`: what the library locked, for people and programs. */
import {type Diagnostic, diagnosticJson, type LockEntry, type Locked, type LockVerbOptions, lock} from '../index.js'
import {renderDiagnostics} from '../reports/text.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

function documentOf(
  input: string,
  {file, entries, written, diagnostics}: {file: string | null} & Pick<Locked, 'entries' | 'written' | 'diagnostics'>,
): object {
  return {
    version: 1,
    input,
    file,
    written,
    entries: entries.map(({kind, name, change, value}) => ({
      kind,
      name,
      change,
      ...(value === undefined ? {} : kind === 'mirror' ? {date: value} : {digest: value}),
    })),
    diagnostics: diagnostics.map(diagnosticJson),
  }
}

export function failedLockDocument(finding: Diagnostic): object {
  return documentOf(finding.span.file, {file: null, entries: [], written: false, diagnostics: [finding]})
}

function line({name, change, value}: LockEntry): string {
  return `${change.padEnd(7)}  ${visible(name.replaceAll('\n', ', '))}${value === undefined ? '' : `  ${value}`}`
}

function verdict({input, file, written, upToDate}: Locked): string {
  if (upToDate !== undefined)
    return upToDate ? `${file} is up to date` : `${file} is not up to date: sifstage lock ${input.input}`
  return written ? `${file} written` : `${file} is as it was`
}

export async function runLock(
  source: string | undefined,
  refs: readonly string[],
  options: LockVerbOptions,
  colour: boolean,
  signal: AbortSignal,
): Promise<Outcome> {
  const locked = await lock(source, refs, options, {signal})
  const {input, exitCode, entries, upToDate, diagnostics} = locked
  // Nothing is said of the file where the input itself is wrong.
  const isTold = upToDate !== undefined || exitCode === 0
  return {
    exitCode,
    document: documentOf(input.input, locked),
    text: isTold ? `${[...entries.map(line), verdict(locked)].join('\n')}\n` : '',
    messages: renderDiagnostics(diagnostics, {source: input, colour}),
  }
}
