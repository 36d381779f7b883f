/**
 * Apptainer (and, as far as their rules agree, SingularityCE). A stage of a definition file runs as one unit, after
 * stub stages that hold only what it copies (D140–D145). A stage of docker's rules runs step by step in one
 * sandbox, so that its meaning is docker's exactly.
 */
import {shellQuote} from '../language/shell.js'
import type {Stage} from '../model/description.js'
import type {Operation, Operations} from '../model/operations.js'
import type {Engine, EngineOptions, StageCommand, StageScript, StageWork} from '../model/ports.js'
import {bootstrapOf, cacheFlags, headerLabels, headerLines, isRenamed, isSupplied, namedBootstrap} from './apptainer-base.js'
import {definitionFile, hasPlaces, namedDefinition, parentFolder, placesNote} from './apptainer-definition.js'
import {dockerSteps} from './apptainer-steps.js'

/** Version ranges that behave alike (table H of the rules); the number is part of every key. */
const GENERATIONS: readonly (readonly [major: number, minor: number])[] = [
  [1, 0],
  [1, 1],
  [1, 2],
  [1, 3],
  [1, 4],
  [1, 5],
  [1, 6],
]

/** The generation of a version such as `1.4.5-2.el9`; versions newer than we know behave like the newest known. */
function apptainerGeneration(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(part => Number.parseInt(part, 10))
  let generation = 0
  for (const [index, [atMajor, atMinor]] of GENERATIONS.entries()) {
    if (major > atMajor || (major === atMajor && minor >= atMinor)) generation = index + 1
  }
  return generation
}

/** Lines that our own binds over /tmp cause, that every build prints (D54), or that only follow from the one that says why (D105). */
const NOISE = [
  /destination is already in the mount point list/,
  /To see mksquashfs output with progress bar/,
  /No default remote in use, falling back to default keyserver/,
  /Can't (add file|close).*missed writing/,
]

const EXPLANATIONS: readonly {
  readonly pattern: RegExp
  readonly message: (match: RegExpExecArray) => string
  readonly hint: string
}[] = [
  {
    pattern:
      /error while starting the 'faked' daemon|fakeroot.*not found|libfakeroot.*cannot be preloaded|GLIBC_[\d.]+' not found \(required by .*faked|can't be preloaded/,
    message: () =>
      'the engine runs %post under the `fakeroot` command, and that cannot run in this image: the user has no subordinate ids, and the base is static, musl or older than the host',
    hint: 'Ask the administrator for subordinate ids (usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER), or build with --engine-arg=--ignore-fakeroot-command when the steps change no owners.',
  },
  {
    pattern: /no space left on device/i,
    message: () => 'a disk is full',
    hint: 'Free space in the scratch folder (SIFSTAGE_TMPDIR) and the cache folder, or point them at a larger disk.',
  },
  {
    pattern: /disk quota exceeded/i,
    message: () => 'a disk quota is used up',
    hint: 'Point SIFSTAGE_TMPDIR, SIFSTAGE_CACHE_DIR and APPTAINER_CACHEDIR at a place with room.',
  },
  {
    pattern:
      /conveyor failed to get: (?:.*: )?(?:MANIFEST_UNKNOWN|NAME_UNKNOWN|manifest unknown|requested access to the resource is denied|UNAUTHORIZED)/,
    message: () => 'the registry has no such base image, or will not give it to you',
    hint: 'Look at the name and tag; for a private image log in first (apptainer registry login), or use --base REF=REPLACEMENT.',
  },
  {
    pattern: /dial tcp[^;]*: (connect: connection refused|lookup [^:]+: .*|i\/o timeout)|no such host/,
    message: match => `the registry cannot be reached (${match[0]})`,
    hint: 'Look at the network and proxy settings, or use a local copy: --base REF=./base.sif.',
  },
  {
    pattern: /while running %post section: exit status (\d+)/,
    message: match => `a command in %post failed (status ${match[1]})`,
    hint: 'The last lines above are its output. --on-failure keep leaves the tree for `sifstage shell`.',
  },
  {
    pattern: /failed to execute %test script: exit status (\d+)/,
    message: match => `the stage was built, but its %test failed (status ${match[1]})`,
    hint: 'Mend the image or the test; --notest builds without it.',
  },
  {
    pattern: /invalid symlink target: (\S+), resolves to/,
    message: match =>
      `the engine refuses to copy a relative link that would leave the image at its new place (${match[1]}, rule D99)`,
    hint: 'Copy the tree to a place as deep as it was, or make the link absolute.',
  },
  {
    pattern: /fifos are not copied/,
    message: () => 'the engine cannot copy a FIFO between stages (rule D95)',
    hint: 'Remove it in the earlier stage, or copy the files one by one.',
  },
  {
    pattern: /newuidmap|could not use fakeroot: no mapping entry found/,
    message: () => 'the kernel or the system did not let the engine make its user namespace',
    hint: '`sifstage engines` tells what is missing here.',
  },
]

/** Arguments that every `apptainer build` of ours gets. */
function buildFlags(options: EngineOptions, keepFailed: boolean): string[] {
  return [
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
  readonly name: 'apptainer' | 'singularity'
  readonly path: string
  readonly version: string
}

export function apptainerEngine(program: ApptainerProgram): Engine {
  function script(work: StageWork): StageScript {
    const {folder, options} = work
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
    const env = {APPTAINER_TMPDIR: engineTmp, SINGULARITY_TMPDIR: engineTmp}
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
      const run = build(path, title, work.cwd, [...buildFlags(withPlaces, work.keepFailed), ...cacheFlags(work.base)])
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
    const steps = dockerSteps(work, program.path, {tmp, varTmp, env})
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
          ...buildFlags({...options, binds: [], nv: false, rocm: false, notest: true}, false),
          ...cacheFlags(work.base),
        ]),
        ...steps.commands,
        inspect,
      ],
    }
  }

  return {
    name: program.name,
    generation: program.name === 'apptainer' ? apptainerGeneration(program.version) : 100 + apptainerGeneration(program.version),
    script,
    isNoise: line => NOISE.some(pattern => pattern.test(line)),
    explain(output) {
      const text = output.join('\n')
      for (const {pattern, message, hint} of EXPLANATIONS) {
        const match = pattern.exec(text)
        if (match) return {message: message(match), hint}
      }
      return undefined
    },
  }
}
