import {dirname, isAbsolute, join, resolve} from 'node:path/posix'
import {nearest} from '../language/distance.js'
import type {Check, Scene} from '../model/check.js'
import type {Description, Stage} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {type ContextSource, contextSources, type Outcome} from './context-sources.js'
import {diagnostic, quoted} from './finding.js'

export const contextPathMissing: Check = {
  name: 'context-path-missing',
  severity: 'error',
  summary: 'A file that is to be copied from the build context is not there.',
  why: 'The copy would fail, in a definition file after the base was fetched and all stages before were built. Paths start at the build context (--context): the folder of the input for a Dockerfile or YAML, the current folder for a definition file (D88). It is only a warning where a %pre or %setup could make the file, and where a pattern matches nothing, which Docker allows (K86).',
  bad: [
    {format: 'dockerfile', text: 'FROM alpine\nCOPY hello.c /src/\n', files: {'helo.c': ''}},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY no/*.c /src/\n'},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY *.c /src/\n', files: {'a.h': ''}},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY link /src/\n', files: {'link@': 'nowhere'}},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n%files\n  hello.c /src/hello.c\n'},
    {format: 'def', text: 'Bootstrap: docker\nFrom: alpine\n%setup\n  make hello\n%files\n  hello /bin/hello\n'},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\n%files\n  hello.c /src/hello.c\n\nBootstrap: docker\nFrom: alpine\n',
    },
    {
      format: 'yaml',
      text: 'sifstage: 1\nstages:\n  final:\n    from: alpine\n    steps:\n      - {copy: hello.c, to: /src/}\n',
    },
  ],
  good: [
    {
      format: 'dockerfile',
      text: 'FROM alpine\nCOPY hello.c ../a/ /src/\nCOPY link /x\n',
      files: {'hello.c': '', 'a/': '', 'link@': 'a'},
    },
    {format: 'dockerfile', text: 'FROM alpine AS unused\nCOPY nothing /\nFROM alpine\n'},
    {format: 'dockerfile', text: 'FROM alpine\nCOPY package.json package-lock.json* /\n', files: {'package.json': ''}},
    {
      format: 'def',
      text: 'Bootstrap: docker\nFrom: alpine\n%files\n  src/*.{c,h} /src/\n',
      files: {'src/a.c': '', 'src/b.h': ''},
    },
  ],
  find: (description, scene) => contextSources(description, scene).flatMap(source => report(description, scene, source)),
}

function report(description: Description, scene: Scene, found: ContextSource): Diagnostic[] {
  const {stage, step, source, text, outcome} = found
  const at = {span: source.span, stage}
  const folder = quoted(scene.context.root)
  switch (outcome.kind) {
    case 'found':
    case 'outside':
    case 'ignored':
      return []
    case 'refused':
      if (step.rules === 'def') return []
      return [
        diagnostic(contextPathMissing, {...at, message: `The pattern ${quoted(text)} can match nothing: ${outcome.reason}.`}),
      ]
    case 'no-match': {
      // `package-lock.json*` beside other sources is how people say "if it is there".
      if (step.sources.length > 1 && /[^/*?[\]]\*$/.test(text)) return []
      return [
        diagnostic(
          {name: contextPathMissing.name, severity: 'warning'},
          {
            ...at,
            message: `The pattern ${quoted(text)} matches nothing in the build context ${folder}, so this copies nothing and the destination is not even made.`,
            hint:
              elsewhere(description, scene, text) ??
              'A pattern goes no deeper than it is written, and "**" is one level like "*".',
          },
        ),
      ]
    }
    case 'missing': {
      const maker = step.rules === 'def' ? hostStep(description, stage) : undefined
      const message = `${missingText(text, outcome)} (${step.rules === 'def' ? 'looked for in' : 'in the build context'} ${folder}).`
      if (maker !== undefined) {
        return [
          diagnostic(
            {name: contextPathMissing.name, severity: 'warning'},
            {...at, message: `${message} Perhaps ${maker} makes it.`, hint: elsewhere(description, scene, outcome.path)},
          ),
        ]
      }
      const hint = elsewhere(description, scene, outcome.path) ?? similar(scene, outcome.path)
      return [diagnostic(contextPathMissing, {...at, message, hint})]
    }
  }
}

function missingText(text: string, outcome: Extract<Outcome, {kind: 'missing'}>): string {
  const which = outcome.path === text ? quoted(text) : `${quoted(outcome.path)}, which ${quoted(text)} needs,`
  if (outcome.why !== undefined) return `${quoted(text)} cannot be copied: ${outcome.why}`
  return outcome.link === undefined
    ? `${which} does not exist`
    : `${which} cannot be copied: the link ${quoted(outcome.link)} leads to nothing`
}

/** The section that runs on this machine before the copy does, in this stage or an earlier one. */
function hostStep(description: Description, stage: Stage): string | undefined {
  for (const other of description.stages.slice(0, stage.index + 1)) {
    for (const step of other.steps) {
      if (step.kind === 'run' && step.where === 'host') return `%${step.section?.name ?? 'setup'} at line ${step.span.start.line}`
    }
  }
  return undefined
}

/** Where the path would be with the other usual choice of a build context. */
function elsewhere(description: Description, {context}: Scene, path: string): string | undefined {
  const {file} = description
  if (file === '-' || isAbsolute(path) || /[*?[$~{]/.test(path)) return undefined
  const folder = dirname(file)
  const candidates = isAbsolute(file)
    ? [folder]
    : [
        resolve(context.root, folder),
        ...(folder !== '.' && context.root.endsWith(`/${folder}`) ? [context.root.slice(0, -folder.length - 1)] : []),
      ]
  for (const candidate of candidates) {
    if (candidate === resolve(context.root) || candidate === '' || context.kindFollowed(join(candidate, path)) === undefined)
      continue
    return `It exists in ${quoted(candidate)}: use that folder as the build context with --context.`
  }
  return undefined
}

function similar({context}: Scene, path: string): string | undefined {
  const slash = path.lastIndexOf('/')
  const folder = slash === -1 ? '.' : path.slice(0, Math.max(slash, 1))
  const near = nearest(path.slice(slash + 1), context.names(folder))
  return near === undefined ? undefined : `Did you mean ${quoted(slash === -1 ? near : join(folder, near))}?`
}
