/** COPY --parents: a tar stream with the folders that lead to each match (K101). */
import {parseIgnore} from '../../language/ignore.js'
import {rootedPath} from '../../language/paths.js'
import type {CopyStep} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import type {ContextView, FolderView} from './contextfiles.js'
import {shellWord} from './quote.js'
import type {StageScript} from './script.js'
import {asFolder, settle} from './settle.js'

/** K101: every match with the path that leads to it; folders on the way take the source's modes. */
export function writeParents(script: StageScript, step: CopyStep, context: ContextView, written: string): void {
  const [before, after] = written.includes('/./') ? written.split('/./', 2) : ['', written]
  const pivot = rootedPath(before ?? '')
  const pattern = rootedPath(after ?? '')
  const view = context.folder(pivot, [])
  const rules = parseIgnore(pattern)
  const literal = !/[*?[\\]/.test(pattern)
  const matches = view.entries.filter(entry =>
    literal
      ? entry.path === pattern
      : rules.hides(entry.path).hidden && !isBelowMatch(entry.path, path => rules.hides(path).hidden),
  )
  if (matches.length === 0 && literal && pattern !== '.') {
    script.refuse('context-path-missing', step.span, `${written} is not in the context.`, 'Name a file that is there.')
    return
  }
  const staged = script.staging()
  const wanted = matches.map(entry => `./${entry.path}`)
  const above = new Set(matches.flatMap(entry => ancestors(entry.path)).map(path => `./${path}`))
  const root = `"$SINGULARITY_ROOTFS${staged}"`
  const source = shellWord(context.prefixed(pivot))
  const hidden = [...view.hidden, ...excludedBy(step.exclude ?? [], view, matches)].map(
    path => `--exclude=${shellWord(`./${path}`)}`,
  )
  const from = `tar -C ${source} --owner=0 --group=0 --numeric-owner --no-wildcards --anchored`
  script.setup(`mkdir -p ${root}`)
  if (pattern === '.' || wanted.length > 0) {
    script.setup(
      [
        from,
        ...hidden,
        '-cf',
        `${root}.tar`,
        '--no-recursion',
        ...[...above].map(shellWord),
        '--recursion',
        ...(pattern === '.' ? ['.'] : wanted.map(shellWord)),
      ].join(' '),
    )
    script.setup(`tar -C ${root} -xpf ${root}.tar`)
    script.setup(`rm ${root}.tar`)
  }
  const destination = plainText(step.destination?.path ?? []) ?? '/'
  settle(
    script,
    step.destination === undefined ? step : {...step, destination: {...step.destination, path: [asFolder(destination)]}},
    staged,
    '.',
    {kind: 'directory'},
  )
}

function ancestors(path: string): string[] {
  const parts = path.split('/').slice(0, -1)
  return parts.map((_, i) => parts.slice(0, i + 1).join('/'))
}

function isBelowMatch(path: string, matches: (path: string) => boolean): boolean {
  return ancestors(path).some(matches)
}

/** K102: patterns of `--exclude` are relative to each copied folder. */
function excludedBy(patterns: readonly string[], view: FolderView, matches: FolderView['entries']): string[] {
  if (patterns.length === 0) return []
  const rules = parseIgnore(patterns.join('\n'))
  return matches
    .filter(match => match.kind === 'directory')
    .flatMap(match =>
      view.entries
        .filter(entry => entry.path.startsWith(`${match.path}/`) && rules.hides(entry.path.slice(match.path.length + 1)).hidden)
        .map(entry => entry.path),
    )
}
