/** `shell`: a shell in the image of a stage as it is now, also in one that a failed build kept. */
import {spawn} from 'node:child_process'
import {join, resolve} from 'node:path'
import {previewBuild} from '../build/preview.js'
import type {BuildPorts} from '../build/request.js'
import {hasImage} from '../build/trees.js'
import {exitCodeOf, type Loaded, loadInput} from '../library/input.js'
import {holdLocked} from '../library/locks.js'
import type {BuildingFlags, EverywhereFlags} from '../library/options.js'
import {findProgram} from '../library/probe.js'
import {buildRequest, openWorkshop} from '../library/workshop.js'
import type {Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ImageEngine} from '../model/ports.js'
import {findStage} from '../plan/graph.js'
import {engineEnvironment} from '../system/environment.js'
import {asUser, ownIdentity} from '../system/identity.js'
import {findKept} from '../system/lazy-scratch.js'
import {noteSink} from './progress.js'

export type ShellFlags = EverywhereFlags & BuildingFlags & {readonly stage: string}

/** The engine's shell, with our own terminal; its status is the shell's. */
function enter(argv: readonly string[], env: Readonly<Record<string, string>>, cwd: string): Promise<number> {
  const [file = '', ...args] = argv
  return new Promise((done, fail) => {
    const child = spawn(file, args, {stdio: 'inherit', env: {...env}, cwd})
    // The terminal sends its signals to the shell as well: it is the shell's to answer them.
    const ignore = () => {}
    process.on('SIGINT', ignore)
    child.once('error', fail)
    child.once('exit', code => {
      process.off('SIGINT', ignore)
      done(code ?? 1)
    })
  })
}

/** A shell in the image that an engine keeps of a stage. */
async function enterImage(
  stage: Stage,
  engine: ImageEngine,
  ports: BuildPorts,
  loaded: Loaded,
  flags: ShellFlags,
  signal: AbortSignal,
): Promise<number> {
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
  process.stderr.write(`a container of stage "${stage.name}"; what you change in it is gone when you leave\n`)
  const argv = engine.shell(stored.record.name, process.stdin.isTTY)
  if (engine.name === 'docker') return enter(argv, engineEnvironment(process.env, ownIdentity()), '/')
  return enter([...asUser(ports.identity), ...argv], engineEnvironment(process.env, ports.identity), '/')
}

/**
 * Opens the shell; gives back its status.
 * @throws SifstageError when there is no image of the stage
 */
export async function runShell(input: string | undefined, flags: ShellFlags, signal: AbortSignal): Promise<number> {
  const loaded = await loadInput(input, flags, 'build')
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
  const {ports, engines, scratch, close} = await openWorkshop(
    flags,
    loaded,
    noteSink(text => process.stderr.write(text)),
    signal,
  )
  try {
    const {engine} = ports.engineOf(stage)
    if (engine.kind === 'image') return await enterImage(stage, engine, ports, loaded, flags, signal)
    const kept = await findKept(join(ports.store.folder, 'kept'), resolve(loaded.input), stage.name)
    let root = kept?.root
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
      process.stderr.write(`unpacking the image of stage "${stage.name}"; what you change in it is gone when you leave\n`)
      await ports.images.unpack(image, root, undefined, signal)
    } else
      process.stderr.write(
        `this is stage "${stage.name}" as it failed; it stays until its next failure or \`sifstage cache prune\`\n`,
      )
    const env = engineEnvironment(process.env, ports.identity)
    const name = engines.tree?.engine.name ?? engines.main.engine.name
    const program = findProgram(name, env['PATH'] ?? '') ?? name
    const options = [
      ...(ports.mapping === 'none' ? [] : ['--fakeroot']),
      ...(flags['engine-arg'] ?? []).filter(each => each.startsWith('--ignore-')),
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
    return await enter([...asUser(ports.identity), program, 'shell', ...options, root], env, '/')
  } finally {
    await scratch.close()
    await close()
  }
}
