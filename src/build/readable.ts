/**
 * The working folder of a definition file's stage, when the engine runs as another user: what root can read and that
 * user cannot is copied to where he can (design section 3, `--run-as`).
 */
import {cp, mkdir} from 'node:fs/promises'
import {dirname, isAbsolute, join, normalize, resolve} from 'node:path'
import {expandSource} from '../language/hostpaths.js'
import type {Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {showTemplate} from '../model/template.js'
import type {BuildPorts, BuildRequest} from './request.js'

/** Prints the current folder if the engine cannot open it, and the first path below each argument that cannot be read. */
const UNREADABLE = '[ -r . ] && [ -x . ] || echo .; for f; do find "$f" ! -type l ! -readable -print -quit 2>&1; done'

/** Host paths that the stage's own copies name, as they are expanded now. */
function hostPaths(stage: Stage, request: BuildRequest): readonly string[] {
  return stage.steps.flatMap(step => {
    if (step.kind !== 'copy' || step.rules !== 'def' || step.from.kind !== 'context') return []
    return step.sources.flatMap(source => {
      const expanded = expandSource(showTemplate(source.path), request.context, request.context.environment)
      return 'refused' in expanded ? [] : expanded.matches.filter(path => request.context.kindFollowed(path) !== undefined)
    })
  })
}

/**
 * The folder to run the engine in: the context itself, or a copy of what the stage takes from it.
 * @throws SifstageError (2) for a path outside the context that the engine's user cannot read
 */
export async function readableFolder(
  stage: Stage,
  folder: string,
  request: BuildRequest,
  ports: BuildPorts,
  signal: AbortSignal,
): Promise<string> {
  const {root} = request.context
  const paths = hostPaths(stage, request)
  if (ports.identity.uid === process.getuid?.()) return root
  const guarded = paths.map(path => (path.startsWith('-') ? `./${path}` : path))
  const unreadable: string[] = []
  const look = {
    kind: 'engine',
    title: 'look at the host files',
    argv: ['sh', '-c', UNREADABLE, 'sh', ...guarded],
    cwd: root,
    env: {LC_ALL: 'C'},
  } as const
  await ports.runner.run(look, line => unreadable.push(line), signal)
  if (unreadable.length === 0) return root
  const copy = join(folder, 'context')
  await mkdir(copy, {recursive: true})
  for (const path of paths) {
    if (isAbsolute(path) || normalize(path).startsWith('..')) {
      throw new SifstageError(
        ExitCode.usage,
        `${unreadable[0] ?? path} cannot be read by ${ports.identity.user}, whom the engine runs as`,
        'Make it readable for that user, or copy it into the build context.',
      )
    }
    await mkdir(dirname(join(copy, path)), {recursive: true})
    // As the engine's own copy does: links followed (D86).
    await cp(resolve(root, path), join(copy, path), {recursive: true, dereference: true})
  }
  await ports.scratch.give(copy)
  return copy
}
