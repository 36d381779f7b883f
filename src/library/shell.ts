/** `shell`: a stage's image as it is now, also one that a failed build kept, made ready to be entered. */
import {join, resolve} from 'node:path'
import {previewBuild} from '../build/preview.js'
import type {BuildPorts} from '../build/request.js'
import {hasImage} from '../build/trees.js'
import type {Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ImageEngine, Sink} from '../model/ports.js'
import {findStage} from '../plan/graph.js'
import {engineEnvironment} from '../system/environment.js'
import {asUser, ownIdentity} from '../system/identity.js'
import {findKept} from '../system/lazy-scratch.js'
import {exitCodeOf, type InputSource, type Loaded, loadInput} from './input.js'
import {holdLocked} from './locks.js'
import type {ShellOptions} from './options.js'
import {findProgram} from './probe.js'
import {buildRequest, openWorkshop} from './workshop.js'

/** What enters the image: to be run in the folder `/` with a terminal of the caller's. */
export interface Shell {
  /** What it is that is entered. */
  readonly about: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Removes what was unpacked; once, after the shell has ended. */
  close(): Promise<void>
}

/** A shell in the image that an engine keeps of a stage. */
async function inEngine(
  stage: Stage,
  engine: ImageEngine,
  ports: BuildPorts,
  loaded: Loaded,
  flags: ShellOptions,
  terminal: boolean,
  signal: AbortSignal,
): Promise<Omit<Shell, 'close'>> {
  const request = await buildRequest(
    loaded,
    {...flags, target: stage.name},
    {jobs: 1, keepGoing: false, keepFailed: false, output: {kind: 'oci-archive', path: '', mksquashfs: []}},
  )
  await holdLocked(request, loaded.pins, ports.bases, signal)
  const previewed = (await previewBuild(request, ports, signal)).find(each => each.stage.index === stage.index)
  const stored = previewed?.stored
  if (stored?.kind !== 'held' || !(await hasImage(stored, ports, signal)))
    throw new SifstageError(
      ExitCode.wrong,
      `stage "${stage.name}" has no image in ${engine.name}: it was not built yet, or has changed since`,
      `Build it first (sifstage build ${loaded.input} --target ${stage.name} --engine ${engine.name})`,
    )
  const about = `a container of stage "${stage.name}"; what you change in it is gone when you leave`
  const argv = engine.shell(stored.record.name, terminal)
  if (engine.name === 'docker') return {about, argv, env: engineEnvironment(process.env, ownIdentity())}
  return {about, argv: [...asUser(ports.identity), ...argv], env: engineEnvironment(process.env, ports.identity)}
}

/**
 * Makes the image ready.
 * @param terminal whether the shell will have one
 * @throws SifstageError when there is no image of the stage
 */
export async function runShell(
  source: InputSource | undefined,
  flags: ShellOptions,
  {sink, terminal, signal}: {readonly sink: Sink; readonly terminal: boolean; readonly signal: AbortSignal},
): Promise<Shell> {
  const loaded = await loadInput(source, {...flags, locked: flags.locked ?? false}, 'build')
  const code = exitCodeOf(loaded.diagnostics)
  if (loaded.description === undefined || code !== ExitCode.done)
    throw new SifstageError(
      code === ExitCode.done ? ExitCode.usage : code,
      `${loaded.input} is not right yet`,
      `See what is wrong: sifstage check ${loaded.input}`,
    )
  const stage = findStage(loaded.description, flags.stage)
  if (stage === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `--stage ${flags.stage}: there is no such stage`,
      `The stages are: ${loaded.description.stages.map(each => each.name).join(', ')}`,
    )
  const {ports, engines, scratch, close} = await openWorkshop(flags, loaded, sink, signal)
  const end = async () => {
    await scratch.close()
    await close()
  }
  try {
    const {engine} = ports.engineOf(stage)
    if (engine.kind === 'image') return {...(await inEngine(stage, engine, ports, loaded, flags, terminal, signal)), close: end}
    const kept = await findKept(join(ports.store.folder, 'kept'), resolve(loaded.input), stage.name)
    let root = kept?.root
    let about = `this is stage "${stage.name}" as it failed; it stays until its next failure or \`sifstage cache prune\``
    if (root === undefined) {
      const request = await buildRequest(
        loaded,
        {...flags, target: stage.name},
        {jobs: 1, keepGoing: false, keepFailed: false, output: {kind: 'sif', path: '', mksquashfs: []}},
      )
      await holdLocked(request, loaded.pins, ports.bases, signal)
      const previewed = (await previewBuild(request, ports, signal)).find(each => each.stage.index === stage.index)
      const stored = previewed?.key === undefined ? undefined : await ports.store.find(previewed.key, signal)
      const image = await stored?.image(signal)
      if (image === undefined)
        throw new SifstageError(
          ExitCode.wrong,
          `stage "${stage.name}" has no image: it was not built yet, or has changed since`,
          `Build it first (sifstage build ${loaded.input} --target ${stage.name}), or keep a failed one: --on-failure keep`,
        )
      root = join(await scratch.folder('shell'), 'rootfs')
      about = `the image of stage "${stage.name}"; what you change in it is gone when you leave`
      sink.emit({event: 'note', severity: 'info', text: `unpacking the image of stage "${stage.name}"`})
      await ports.images.unpack(image, root, undefined, signal)
    }
    const env = engineEnvironment(process.env, ports.identity)
    const name = engines.tree?.engine.name ?? engines.main.engine.name
    const program = findProgram(name, env['PATH'] ?? '') ?? name
    const options = [
      ...(ports.mapping === 'none' ? [] : ['--fakeroot']),
      ...(flags.engineArg ?? []).filter(each => each.startsWith('--ignore-')),
      '--writable',
      '--cleanenv',
      '--no-mount',
      'home',
      ...(flags.nv ? ['--nv'] : []),
      ...(flags.rocm ? ['--rocm'] : []),
      ...(flags.bind ?? []).flatMap(bind => ['--bind', bind]),
      '--pwd',
      '/',
    ]
    return {about, argv: [...asUser(ports.identity), program, 'shell', ...options, root], env, close: end}
  } catch (error) {
    await end()
    throw error
  }
}
