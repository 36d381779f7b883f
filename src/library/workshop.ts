/** Wires the real parts for the verbs that build: who runs what, with which engine, store and scratch. */
import {statfs} from 'node:fs/promises'
import {join, resolve} from 'node:path'
import type {BuildPorts, BuildRequest} from '../build/request.js'
import {arrange} from '../checks/arrange.js'
import {formatNamed} from '../formats/index.js'
import type {Description, Stage} from '../model/description.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {OutputRequest} from '../model/outputs.js'
import type {EngineOptions, Identity, Sink} from '../model/ports.js'
import {showSize} from '../model/quantities.js'
import {withDelivery, withForeignImages} from '../plan/bases.js'
import {resolveTarget} from '../plan/graph.js'
import {imageTools} from '../runners/image-tools.js'
import {localRunner} from '../runners/local.js'
import {maskedRunner} from '../runners/masked.js'
import {storeCaches} from '../stores/caches.js'
import {directoryStore} from '../stores/directory.js'
import {stageHistory} from '../stores/history.js'
import {imageCache, parseCachePlace} from '../stores/image-cache.js'
import {stageLogs} from '../stores/logs.js'
import {useMarks} from '../stores/session.js'
import {prepareStore} from '../stores/version.js'
import {archives} from '../system/archives.js'
import {baseResolver} from '../system/bases.js'
import {blobCache} from '../system/blob-cache.js'
import {droppedVariables, engineEnvironment} from '../system/environment.js'
import {fileError, hashText, makeOwned} from '../system/files.js'
import {mappingOf, ownIdentity} from '../system/identity.js'
import {launcherMaker} from '../system/launcher.js'
import {type LazyScratch, lazyScratch} from '../system/lazy-scratch.js'
import {places} from '../system/places.js'
import {imageReceivers} from '../system/receivers.js'
import {remoteSources} from '../system/remote.js'
import {reachableBy, scratchParent} from '../system/scratch.js'
import {readSecret, type SecretStore, secretStore} from '../system/secrets.js'
import {buildArguments} from './build-arguments.js'
import {type EnginesHere, enginesHere} from './engines-here.js'
import {imageOpener} from './image-opener.js'
import {hostArchitecture, type Loaded} from './input.js'
import type {BuildingOptions, InputOptions} from './options.js'
import {shareStore} from './sharing.js'
import {identityOf, storeFolder} from './store-folder.js'

function engineOptions(flags: BuildingOptions): EngineOptions {
  return {
    binds: flags.bind ?? [],
    nv: flags.nv ?? false,
    rocm: flags.rocm ?? false,
    fixPerms: flags.fixPerms ?? false,
    noHttps: flags.noHttps ?? false,
    notest: flags.notest ?? false,
    overrideLabels: flags.overrideLabels ?? false,
    shareTmp: flags.shareTmp ?? false,
    cacheMounts: cacheMounts(flags.cacheMount ?? []),
    extra: flags.engineArg ?? [],
  }
}

/** @throws SifstageError (2) for a place that cannot be one */
function cacheMounts(targets: readonly string[]): string[] {
  for (const target of targets)
    if (!/^\/[^:,\\\0]+$/.test(target) || target.split('/').some(part => part === '..' || part === '.'))
      throw new SifstageError(
        ExitCode.usage,
        `--cache-mount ${target}: this cannot be a place in an image`,
        'Give the absolute path of a folder without colons, commas and dots alone, such as /root/.cache/pip',
      )
  return [...new Set(targets.map(target => target.replace(/\/+/g, '/').replace(/\/$/, '')))].sort()
}

/** Bytes that are free where the store and scratch lie; images that were not used for long make way in the store. */
async function freeRoom(store: string, wanted: number, owner: Identity, sink: Sink) {
  const free = async (folder: string) => {
    try {
      const {bavail, bsize} = await statfs(folder)
      return bavail * bsize
    } catch {
      // What cannot be told is no reason to warn.
      return Number.POSITIVE_INFINITY
    }
  }
  const scratch = await free(scratchParent(process.env).folder)
  const missing = wanted - (await free(store))
  if (missing > 0) {
    const {makeRoom} = await import('../stores/retention.js')
    const {removed, bytesBefore, bytesAfter} = await makeRoom(store, missing, owner)
    const text = `made room in the store: ${removed.length} images that were not used for long are dropped (${showSize(bytesBefore - bytesAfter)})`
    if (removed.length > 0) sink.emit({event: 'note', severity: 'info', text})
  }
  return {store: await free(store), scratch}
}

export interface Workshop {
  readonly engines: EnginesHere
  readonly ports: BuildPorts
  readonly scratch: LazyScratch
  /** Waits for what is still being sent to another store. */
  finish(): Promise<void>
  /** Closed before scratch is: what is kept of it holds no secret. */
  readonly secrets: SecretStore
  /** At the end, however it ended: nothing in the stores is relied on any more. */
  close(): Promise<void>
}

/** Writes stages as Dockerfiles, for an engine that takes them. */
async function dockerfileWriter(
  {hasImageEngine}: EnginesHere,
  {context, ignore, architecture}: Pick<Loaded, 'context' | 'ignore' | 'architecture'>,
  keepCwd: boolean,
): Promise<BuildPorts['dockerfiles']> {
  if (!hasImageEngine)
    return () => {
      throw new Error('no engine of this build takes Dockerfiles')
    }
  const writer = await formatNamed('dockerfile').load()
  return (description, target, heredocs) =>
    writer.writeStages?.(description, {
      target,
      heredocs,
      targetAlone: true,
      allow: new Set(),
      keepCwd,
      context,
      ignore,
      architecture,
      folder: '',
    }) ?? {
      diagnostics: [],
    }
}

/**
 * Everything that building takes.
 * @throws SifstageError (2 for a user or store that cannot be used, 4 without a usable engine)
 */
export async function openWorkshop(
  flags: BuildingOptions & {
    readonly secret?: readonly string[] | undefined
    readonly storeTo?: string | undefined
    readonly cacheFrom?: readonly string[] | undefined
    readonly cacheTo?: string | undefined
  },
  {
    settings,
    input,
    pins,
    context,
    ignore,
    description,
    architecture,
  }: Pick<Loaded, 'settings' | 'input' | 'pins' | 'context' | 'ignore' | 'description' | 'architecture'>,
  sink: Sink,
  signal: AbortSignal,
  purpose: 'looks' | 'builds' = 'looks',
  out?: OutputRequest['kind'],
): Promise<Workshop> {
  const given = (flags.secret ?? []).map(each => readSecret(each, process.env))
  const identity = identityOf(flags.runAs ?? settings.runAs)
  const folder = storeFolder(flags.cacheDir ?? settings.cacheDir, identity, process.env)
  const options = engineOptions(flags)
  await prepareStore(folder, identity)
  try {
    for (const name of ['bases', 'kept']) await makeOwned(join(folder, name), identity)
  } catch (error) {
    throw fileError(`the store ${folder} cannot be written`, error, 'Name another store: --cache-dir DIR')
  }
  // Made by root, it may lie where the engine's user is not let in; the engine would say that it does not exist.
  if (!(await reachableBy(identity, folder)))
    throw new SifstageError(
      ExitCode.usage,
      `the store ${folder} cannot be reached by ${identity.user}, who runs the engine`,
      `Name a folder that ${identity.user} may enter (those above it count too): --cache-dir DIR`,
    )
  const ignoreSubordinate = options.extra.includes('--ignore-subuid')
  const wanted = flags.engine ?? settings.engine ?? 'auto'
  const engines = await enginesHere(
    {
      question: {wanted, format: description?.format ?? 'def', output: out ?? 'sif'},
      stages: description?.stages.flatMap(({engine}) => engine?.value ?? []) ?? [],
      tree: out === 'sif' || out === 'sandbox',
      arguments: options.extra,
      noHttps: options.noHttps,
    },
    {identity, environment: process.env, store: folder, ignoreSubordinate},
  )
  const layers = flags.cacheTo !== undefined ? '--cache-to' : flags.cacheFrom !== undefined ? '--cache-from' : undefined
  if (layers !== undefined && !engines.hasImageEngine)
    throw new SifstageError(
      ExitCode.usage,
      `${layers}: ${engines.main.engine.name} keeps no images of its own that could be shared so`,
      `Share its stages with --store-from and --store-to, or build with docker, podman or buildah: --engine docker`,
    )
  if (wanted === 'auto' && purpose === 'builds') sink.emit({event: 'note', severity: 'info', text: `engine ${engines.why}`})
  // Of what works on trees: where no engine makes any, nothing does.
  const mapping = engines.tree?.mapping ?? mappingOf(identity, ignoreSubordinate)
  const dropped = droppedVariables(process.env)
  if (dropped.length > 0)
    sink.emit({
      event: 'note',
      severity: 'info',
      text: `not handed to the engine, since they would change the image: ${dropped.join(', ')} (use --bind and the description itself)`,
    })
  const secretVariables = new Set(given.map(each => each.variable))
  const inherited = Object.fromEntries(Object.entries(process.env).filter(([name]) => !secretVariables.has(name)))
  const environment = engineEnvironment(inherited, identity)
  const runner = maskedRunner(
    localRunner({identity, mapping, environment, callerEnvironment: engineEnvironment(inherited, ownIdentity())}),
    given.map(each => each.value.toString('utf8')),
  )
  const warn = (text: string) => sink.emit({event: 'note', severity: 'warning', text})
  const marks = useMarks(folder, {owner: identity})
  const local = directoryStore(folder, {owner: identity, onDamage: warn, onTrouble: warn, uses: marks})
  const {store, finish, close} = await shareStore(
    local,
    flags,
    settings,
    {identity, environment: process.env, noHttps: options.noHttps, offline: flags.offline, sink, signal},
    purpose === 'builds',
  )
  const scratch = lazyScratch({
    environment: process.env,
    identity,
    mapping,
    input: resolve(input),
    notes: join(folder, 'kept'),
    onSweep: swept => sink.emit({event: 'note', severity: 'info', text: `removed what a dead build left: ${swept}`}),
  })
  const cache = imageCache({
    from: (flags.cacheFrom ?? []).map(each => parseCachePlace('--cache-from', each)),
    to: flags.cacheTo === undefined || purpose === 'looks' ? undefined : parseCachePlace('--cache-to', flags.cacheTo),
    note: (severity, text) => sink.emit({event: 'note', severity, text}),
    signal,
  })
  const secrets = secretStore(given, identity, () => scratch.folder('secrets'))
  const tell = (text: string) => sink.emit({event: 'note', severity: 'info', text})
  const blobs = blobCache({folder, owner: identity, locked: store.locked})
  const exact = architecture !== hostArchitecture
  const images = {architecture, exact, identity, noHttps: options.noHttps, offline: flags.offline, blobs, tell}
  return {
    engines,
    scratch,
    secrets,
    async finish() {
      await Promise.all([finish(), cache.finish()])
    },
    async close() {
      await marks.close()
      await close()
    },
    ports: {
      engineOf: engines.of,
      storage: engines.storage,
      imageCache: cache,
      architecture: hostArchitecture,
      dockerfiles: await dockerfileWriter(engines, {context, ignore, architecture}, flags.keepCwd ?? false),
      identity,
      mapping,
      runner,
      store,
      history: stageHistory(folder, resolve(input), identity),
      logs: stageLogs(folder, {owner: identity, input: resolve(input), now: () => Date.now(), onTrouble: warn}),
      bases: baseResolver({...images, folder, pins, environment: process.env}),
      opener: imageOpener({...images, store: folder, storage: engines.storage, signal}),
      images: imageTools({identity, mapping, environment, runner}),
      archives,
      remote: remoteSources(folder, identity, process.env, flags.offline),
      caches: storeCaches({
        store,
        owner: identity,
        mapping,
        uses: marks,
        unreachable: async name => {
          sink.emit({
            event: 'note',
            severity: 'warning',
            text: `${identity.user} cannot reach the store ${folder}: the content of cache mounts does not outlive this build`,
          })
          return scratch.folder(`cache-${name}`)
        },
      }),
      secrets,
      launcher: launcherMaker(),
      scratch,
      out: {places, receivers: imageReceivers(process.env, identity)},
      room: wanted => freeRoom(folder, wanted, identity, sink),
      sink,
      now: () => Date.now(),
    },
  }
}

export interface RequestOptions {
  readonly jobs: number
  readonly checkpoints?: BuildRequest['checkpoints']
  readonly keepGoing: boolean
  readonly keepFailed: boolean
  readonly output: OutputRequest
  /** The target's image is to become a tree, which its own engine does not make. */
  readonly delivers?: (target: Stage) => boolean
}

/**
 * Stages of a definition file as texts that mean the same on their own: the engine reads them once more.
 * @throws SifstageError (3) when a build argument put something there that cannot be kept so
 */
async function standalone(description: Description): Promise<Description> {
  if (!description.stages.some(stage => stage.definition !== undefined)) return description
  const {originalStage} = await import('../formats/deffile/original.js')
  const stages = description.stages.map(stage => {
    if (stage.definition === undefined) return stage
    try {
      return {...stage, definition: {...stage.definition, text: originalStage(stage.definition.text)}}
    } catch (error) {
      throw new SifstageError(
        ExitCode.unfaithful,
        `stage "${stage.name}" cannot be built on its own: ${error instanceof Error ? error.message : String(error)}`,
        `Write it as a Dockerfile, or build the whole file with Apptainer itself.`,
      )
    }
  })
  return {...description, stages}
}

/** Libraries that the machine brings at run time: by the description, or by settings. */
export function runtimeLibraries({description, settings}: Pick<Loaded, 'description' | 'settings'>): readonly string[] {
  const named = (process.env['SIFSTAGE_RUNTIME_LIBRARIES'] ?? '').split(/[\s,]+/).filter(each => each !== '')
  return [...(description?.runtimeLibraries ?? []), ...named, ...(settings.runtimeLibraries ?? [])]
}

function settingsOf({delivers: _, ...options}: RequestOptions) {
  return options
}

/** The build that flags and a checked input ask for. */
export async function buildRequest(
  loaded: Loaded,
  flags: BuildingOptions & InputOptions,
  options: RequestOptions,
): Promise<BuildRequest> {
  if (loaded.description === undefined)
    throw new SifstageError(
      ExitCode.usage,
      `${loaded.input} could not be read`,
      `See what is wrong: sifstage check ${loaded.input}`,
    )
  const target = resolveTarget(loaded.description, flags.target)
  if (target.kind === 'unknown')
    throw new SifstageError(
      ExitCode.wrong,
      `there is no stage "${target.name}"`,
      `The stages are: ${loaded.description.stages.map(each => each.name).join(', ')}`,
    )
  const whole = withForeignImages(await standalone(loaded.description))
  const delivers = options.delivers?.(target.stage) ?? false
  const description = delivers ? withDelivery(whole, target.stage) : whole
  const names = new Set(loaded.description.stages.map(stage => stage.name))
  const filter = new Set(flags.noCacheFilter ?? [])
  for (const name of filter) {
    if (!names.has(name))
      throw new SifstageError(
        ExitCode.usage,
        `--no-cache-filter ${name}: there is no such stage`,
        `The stages are: ${[...names].join(', ')}`,
      )
  }
  return {
    description,
    visible: loaded.description.stages.length,
    target: delivers ? whole.stages.length : target.stage.index,
    rebased: loaded.rebased,
    context: loaded.context,
    ignore: loaded.ignore?.text,
    architecture: loaded.architecture,
    options: engineOptions(flags),
    noCache: flags.noCache ?? false,
    noCacheFilter: filter,
    buildArguments: Object.fromEntries(
      [...buildArguments(flags, process.env)].map(([name, value]) => [name, hashText(value)] as const),
    ),
    cacheHostSteps: flags.cacheHostSteps ?? false,
    keepCwd: flags.keepCwd ?? false,
    checkpoints: 'auto',
    runtimeLibraries: runtimeLibraries(loaded),
    heed: diagnostics => arrange(diagnostics, loaded.source, loaded.others),
    ...settingsOf(options),
    // One at a time where they share the host's /tmp.
    jobs: flags.shareTmp ? 1 : options.jobs,
  }
}
