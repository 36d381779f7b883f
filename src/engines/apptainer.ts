/**
 * Apptainer, and SingularityCE by its traits (`singularity.ts`). A stage of a definition file runs as one unit, after
 * stub stages that hold only what it copies (D140–D145). A stage of docker's rules runs step by step in one
 * sandbox, so that its meaning is docker's exactly.
 */
import {shellQuote} from '../language/shell.js'
import type {Stage} from '../model/description.js'
import type {TreeEngineName} from '../model/engines.js'
import type {Operation, Operations} from '../model/operations.js'
import type {EngineOptions, StageCommand, StageScript, StageWork, TreeEngine} from '../model/ports.js'
import {bootstrapOf, cacheFlags, headerLabels, headerLines, isRenamed, isSupplied, namedBootstrap} from './apptainer-base.js'
import {definitionFile, hasPlaces, namedDefinition, parentFolder, placesNote} from './apptainer-definition.js'
import {explainApptainer, isApptainerNoise} from './apptainer-errors.js'
import {dockerSteps} from './apptainer-steps.js'
import {apptainerDoing} from './doing.js'
import {refuseUnfit, traitsOf} from './singularity.js'

/** Arguments that every `apptainer build` of ours gets. */
function buildFlags(options: EngineOptions, keepFailed: boolean, needed: readonly string[]): string[] {
  return [
    ...needed,
    ...(keepFailed ? ['--no-cleanup'] : []),
    ...(options.overrideLabels ? ['--force'] : []),
    ...(options.fixPerms ? ['--fix-perms'] : []),
    ...(options.noHttps ? ['--no-https'] : []),
    ...(options.notest ? ['--notest'] : []),
    ...(options.nv ? ['--nv'] : []),
    ...(options.rocm ? ['--rocm'] : []),
    ...options.binds.flatMap(bind => ['--bind', bind]),
    ...options.extra,
  ]
}

/**
 * What is put right behind the engine: metadata in the person's own words, where it saw our working file (labels of the header, D120;
 * definitions moved aside), and the places where something was mounted.
 */
function afterwards(work: StageWork): Operations | undefined {
  const {definition} = work.stage
  const steps: Operation[] = []
  if (definition !== undefined && isRenamed(work.base)) {
    const named = namedBootstrap(work.base)
    const headers = work.rebased
      ? [
          ...(named === undefined
            ? []
            : [
                {key: 'bootstrap', value: named.agent},
                {key: 'from', value: named.from},
              ]),
        ]
      : definition.headers
    if (!work.rebased || isSupplied(work.base))
      steps.push({op: 'labels', path: '/.singularity.d/labels.json', set: headerLabels(headers)})
    // No folder of this build's scratch in the image.
    if (isSupplied(work.base))
      steps.push({op: 'write', path: '/.singularity.d/Singularity', text: namedDefinition(work), mode: 0o644})
  }
  if (work.incoming.some(each => each.withMetadata)) steps.push({op: 'history', text: work.description.text})
  if (hasPlaces(work)) steps.push({op: 'clear-mount-points', file: placesNote(work)})
  return steps.length === 0 ? undefined : {root: work.root, steps}
}

/** A definition file's commands see all secrets that were given, and the folders that are kept for them. */
function bindPlaces(options: EngineOptions, {secrets, keptFolders}: StageWork): EngineOptions {
  const binds = [
    ...(secrets === undefined ? [] : [`${secrets.given}:/run/secrets:ro`]),
    ...keptFolders.map(({from, target}) => `${from}:${target}`),
  ]
  return {...options, binds: [...binds, ...options.binds]}
}

/** Makes the kept folders that are new. */
function layKeptFolders(work: StageWork): {readonly path: string; readonly text: string; readonly mode: number} | undefined {
  if (work.keptFolders.length === 0) return undefined
  const as = {uid: 0, gid: 0, mode: 0o755}
  const steps = work.keptFolders.map(({from}): Operation => ({op: 'lay', from: undefined, to: from, as}))
  const operations: Operations = {root: work.folder, steps}
  return {path: `${work.folder}/kept-folders.json`, text: JSON.stringify(operations), mode: 0o644}
}

/** Whether a stage's test will run. */
function hasTest(stage: Stage): boolean {
  return (stage.settings.test?.text.trim() ?? '') !== ''
}

export interface ApptainerProgram {
  readonly name: TreeEngineName
  readonly path: string
  readonly version: string
}

export function apptainerEngine(program: ApptainerProgram): TreeEngine {
  const traits = traitsOf(program.name, program.version)

  function script(work: StageWork): StageScript {
    refuseUnfit(work.stage, traits, program)
    const {folder, options} = work
    const needed = traits.buildFlags(work.mapping)
    const tmp = `${folder}/tmp`
    const varTmp = `${folder}/vartmp`
    const engineTmp = `${folder}/engine`
    const folders = [
      {path: tmp, mode: 0o1777},
      {path: varTmp, mode: 0o1777},
      {path: engineTmp, mode: 0o700},
    ]
    // Private folders instead of the host's /tmp and /var/tmp, which Apptainer mounts (D71).
    const privateTmp: EngineOptions = options.shareTmp
      ? options
      : {...options, binds: [`${tmp}:/tmp`, `${varTmp}:/var/tmp`, ...options.binds]}
    const env = Object.fromEntries(traits.temporary.map(name => [name, engineTmp]))
    const inspect: StageCommand = {
      kind: 'engine',
      title: 'read its metadata',
      argv: [
        'sh',
        '-c',
        `exec ${shellQuote(program.path)} inspect --all --json "$1" >"$2"`,
        'sh',
        work.root,
        `${folder}/inspect.json`,
      ],
      cwd: '/',
      env,
    }
    const build = (definition: string, title: string, cwd: string, flags: readonly string[]): StageCommand => ({
      kind: 'engine',
      title,
      argv: [program.path, 'build', ...flags, '--sandbox', work.root, definition],
      cwd,
      env,
    })
    if (work.stage.rules === 'def') {
      const path = `${folder}/stage.def`
      const withPlaces = bindPlaces(privateTmp, work)
      const title = hasTest(work.stage) && !options.notest ? 'build and test' : 'build'
      const run = build(path, title, work.cwd, [...buildFlags(withPlaces, work.keepFailed, needed), ...cacheFlags(work.base)])
      const kept = layKeptFolders(work)
      const helper = (title: string, operations: string): StageCommand => ({
        kind: 'helper',
        title,
        argv: [operations],
        cwd: '/',
        env: {},
      })
      const parent: StageCommand = {
        kind: 'engine',
        title: 'move its base aside',
        argv: ['mv', work.root, parentFolder(work)],
        cwd: '/',
        env,
        quiet: true,
      }
      const before = [
        ...(kept === undefined ? [] : [helper('make the kept folders', kept.path)]),
        ...(work.base.kind === 'stage' ? [parent] : []),
      ]
      const files = [{path, text: definitionFile(work), mode: 0o644}, ...(kept === undefined ? [] : [kept])]
      const metadata = afterwards(work)
      if (metadata === undefined) return {folders, files, commands: [...before, run, inspect]}
      const operations = `${folder}/metadata.json`
      return {
        folders,
        files: [...files, {path: operations, text: JSON.stringify(metadata), mode: 0o644}],
        commands: [...before, run, helper("put the definition's own words in place", operations), inspect],
      }
    }
    const steps = dockerSteps(work, program.path, {tmp, varTmp, env, traits})
    const bootstrap = bootstrapOf(work.base)
    // A parent's image lies unpacked at the root already.
    if (bootstrap === undefined) return {resumable: true, folders, files: steps.files, commands: [...steps.commands, inspect]}
    const path = `${folder}/base.def`
    return {
      resumable: true,
      folders,
      files: [{path, text: headerLines(bootstrap), mode: 0o644}, ...steps.files],
      // A base must not get the caller's binds or tests: they belong to the steps.
      commands: [
        build(path, 'unpack the base', work.cwd, [
          ...buildFlags({...options, binds: [], nv: false, rocm: false, notest: true}, false, needed),
          ...cacheFlags(work.base),
        ]),
        ...steps.commands,
        inspect,
      ],
    }
  }

  return {
    kind: 'tree',
    name: program.name,
    generation: traits.generation,
    script,
    isNoise: isApptainerNoise,
    doing: apptainerDoing,
    explain: explainApptainer,
  }
}
