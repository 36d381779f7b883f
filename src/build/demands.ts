/** What commands ask of the machine that builds, and this build was not given: said before anything is run (K128, K130). */
import {lastsInImage} from '../language/settable.js'
import {chainOf} from '../language/stages.js'
import type {Description, Mount, RunStep, Stage} from '../model/description.js'
import type {Diagnostic, Severity} from '../model/diagnostic.js'
import type {Span} from '../model/span.js'
import {neededStages} from '../plan/graph.js'

function finding(rule: string, severity: Severity, stage: Stage, span: Span, message: string, hint: string): Diagnostic {
  return {rule, severity, message, hint, span, stage: stage.name}
}

function ofMount(stage: Stage, mount: Mount, secrets: ReadonlySet<string>): Diagnostic[] {
  switch (mount.kind) {
    case 'secret':
      if (!mount.required || secrets.has(mount.id)) return []
      return [
        finding(
          'secret-missing',
          'error',
          stage,
          mount.span,
          `Stage "${stage.name}" needs the secret "${mount.id}", and it was not given.`,
          `Give it: --secret id=${mount.id},src=FILE, or --secret id=${mount.id},env=VARIABLE.`,
        ),
      ]
    case 'ssh':
      return [
        finding(
          'ssh-mount',
          mount.required ? 'error' : 'warning',
          stage,
          mount.span,
          `Stage "${stage.name}" asks for an ssh agent ("${mount.id}"), and sifstage hands none to commands.`,
          mount.required
            ? 'Fetch what needs the key before the build and copy it in, or use a secret: RUN --mount=type=secret,id=key.'
            : 'The command runs without one, as with `docker build` without --ssh.',
        ),
      ]
    case 'bind':
    case 'cache':
    case 'tmpfs':
      return []
  }
}

function ofRun(stage: Stage, step: RunStep, secrets: ReadonlySet<string>): Diagnostic[] {
  const found = (step.mounts ?? []).flatMap(mount => ofMount(stage, mount, secrets))
  if (step.insecure)
    found.push(
      finding(
        'run-insecure',
        'warning',
        stage,
        step.span,
        'The command asks for the rights of real root (--security=insecure); here it is root inside a user namespace only.',
        'What needs devices or kernel modules fails there.',
      ),
    )
  return found
}

/** A `%setup` of its own interpreter leaves no place for ours, which makes the places for what is mounted. */
function ofSetup(stage: Stage, mounted: string | undefined): Diagnostic[] {
  const setup = stage.definition?.sections.find(each => each.name === 'setup' && each.arguments.trim() !== '')
  if (setup === undefined || mounted === undefined) return []
  return [
    finding(
      'secret-place',
      'error',
      stage,
      setup.span,
      `${mounted} cannot be mounted in stage "${stage.name}": its %setup has arguments of its own.`,
      'Write %setup without arguments.',
    ),
  ]
}

/** Variables of the finished image that Apptainer's own shell, which sets them when it starts, cannot set (D118). */
function ofEnvironment(description: Description, target: number): Diagnostic[] {
  const stage = description.stages[target]
  const chain = stage === undefined ? [] : chainOf(description, stage)
  return chain.flatMap(each =>
    each.steps.flatMap(step => {
      if (step.kind !== 'env' || step.rules !== 'docker') return []
      const lost = step.variables.filter(({name}) => !lastsInImage(name))
      return lost.map(({name}) =>
        finding(
          'env-name',
          'warning',
          each,
          step.span,
          `The image will not have the variable ${name}: the shell inside Apptainer that sets variables keeps that name to itself, or knows no such name.`,
          'Choose another name; commands of the build see it all the same.',
        ),
      )
    }),
  )
}

/** Findings about the stages that the target needs. */
export function demandsOf(
  description: Description,
  target: number,
  secrets: ReadonlySet<string>,
  cacheMounts: readonly string[],
): Diagnostic[] {
  const mounted = secrets.size > 0 ? 'Secrets' : cacheMounts.length > 0 ? 'Kept folders' : undefined
  const commands = neededStages(description, target).flatMap(index => {
    const stage = description.stages[index]
    if (stage === undefined) return []
    return [...ofSetup(stage, mounted), ...stage.steps.flatMap(step => (step.kind === 'run' ? ofRun(stage, step, secrets) : []))]
  })
  return [...commands, ...ofEnvironment(description, target)]
}
