/** The flags that verbs share, with one meaning everywhere (design section 3). */
import * as Args from '@oclif/core/args'
import * as Flags from '@oclif/core/flags'

export const inputArgument = {
  input: Args.string({
    description: 'description (YAML), Dockerfile or definition file; - is standard input; left out: the only one in this folder',
    required: false,
  }),
}

export const everywhere = {
  from: Flags.option({options: ['yaml', 'dockerfile', 'def'] as const})({
    description: 'format of INPUT, instead of by its name and text',
  }),
  target: Flags.string({description: 'stage that is wanted: a name, or its number from 0', helpValue: 'STAGE'}),
  'build-arg': Flags.string({
    description: 'value for a build argument; K alone takes it from the environment',
    helpValue: 'K=V',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'build-arg-file': Flags.string({description: 'file with one K=V a line', helpValue: 'FILE'}),
  platform: Flags.string({description: 'what to build for, where the engine can', helpValue: 'linux/ARCH'}),
  context: Flags.string({description: 'folder that host paths are relative to', helpValue: 'DIR'}),
  base: Flags.string({
    description: 'use another image in the place of REF, everywhere',
    helpValue: 'REF=REPLACEMENT',
    multiple: true,
    multipleNonGreedy: true,
  }),
  json: Flags.boolean({description: 'print the result as JSON'}),
}

export const building = {
  engine: Flags.string({
    description: 'engine to build with',
    helpValue: 'auto|apptainer|singularity|docker|podman|buildah',
    env: 'SIFSTAGE_ENGINE',
  }),
  'cache-dir': Flags.string({description: 'the store', helpValue: 'DIR', env: 'SIFSTAGE_CACHE_DIR'}),
  'store-from': Flags.string({
    description: 'look for stages there too, after the store: a folder that is only read, or a registry; may be repeated',
    helpValue: 'DIR|oras://HOST/REPO',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'store-trust': Flags.string({
    description: 'believe what this signer sent to a registry: a line of `sifstage cache key`; may be repeated',
    helpValue: 'KEY',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'run-as': Flags.string({
    description: 'user who runs the engine, for root in a container',
    helpValue: 'USER',
    env: 'SIFSTAGE_RUN_AS',
  }),
  notest: Flags.boolean({char: 'T', description: 'run no %test'}),
  'no-cache': Flags.boolean({description: 'build every stage anew'}),
  'no-cache-filter': Flags.string({
    description: 'build this stage anew',
    helpValue: 'STAGE',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'cache-host-steps': Flags.boolean({description: 'store stages with %pre or %setup too, by their text'}),
  'no-https': Flags.boolean({description: 'talk plain http to registries', env: 'SIFSTAGE_NO_HTTPS'}),
  bind: Flags.string({
    char: 'B',
    description: 'bind a folder of the host while steps run',
    helpValue: 'SRC[:DST]',
    multiple: true,
    multipleNonGreedy: true,
  }),
  nv: Flags.boolean({description: 'NVIDIA support while steps run'}),
  rocm: Flags.boolean({description: 'ROCm support while steps run'}),
  'fix-perms': Flags.boolean({description: 'make files of the base readable and writable for their owner'}),
  'engine-arg': Flags.string({
    description: "argument for the engine's build command, as it is; with its name in front for one of several engines",
    helpValue: '[ENGINE:]ARG',
    multiple: true,
    multipleNonGreedy: true,
  }),
  'override-labels': Flags.boolean({description: 'let %labels and %help win over those of the base'}),
  'share-tmp': Flags.boolean({description: "the host's /tmp and /var/tmp in every stage (one at a time, not cached)"}),
  'cache-mount': Flags.string({
    description: "folder of a definition file's stages that is kept between builds, and in no image",
    helpValue: 'TARGET',
    multiple: true,
    multipleNonGreedy: true,
  }),
  // With a default, since a verb that has this flag heeds the lock file.
  locked: Flags.boolean({description: 'bases only as the lock file has them: one that it lacks is an error', default: false}),
  offline: Flags.boolean({
    description: 'ask no registry: bases as the lock file or the store knows them, from the store',
    env: 'SIFSTAGE_OFFLINE',
  }),
  'lock-file': Flags.string({description: 'lock file, instead of INPUT.lock', helpValue: 'FILE'}),
  'keep-cwd': Flags.boolean({description: "let the image start in the caller's folder instead of WORKDIR"}),
}

const GROUPS: Readonly<Record<string, readonly string[]>> = {
  INPUT: ['from', 'target', 'build-arg', 'build-arg-file', 'platform', 'context', 'base', 'locked', 'offline', 'lock-file'],
  ENGINE: [
    'engine',
    'engine-arg',
    'run-as',
    'bind',
    'nv',
    'rocm',
    'fix-perms',
    'no-https',
    'notest',
    'override-labels',
    'share-tmp',
    'keep-cwd',
    'secret',
    'jobs',
    'keep-going',
    'on-failure',
  ],
  STORE: [
    'cache-dir',
    'no-cache',
    'no-cache-filter',
    'cache-host-steps',
    'cache-mount',
    'cache-from',
    'cache-to',
    'store-from',
    'store-to',
    'store-trust',
    'checkpoints',
  ],
}

/** Sets flags apart on the page of a command that has many; the others stand first, under FLAGS. */
export function inGroups<Flags extends Record<string, {helpGroup?: string}>>(flags: Flags): Flags {
  for (const [title, names] of Object.entries(GROUPS))
    for (const name of names) {
      const flag = flags[name]
      if (flag !== undefined) flag.helpGroup = title
    }
  return flags
}

/** `no-cache-filter` as `noCacheFilter`. */
type Camel<Name> = Name extends `${infer First}-${infer Rest}` ? `${First}${Capitalize<Camel<Rest>>}` : Name

/** Flags as the library's options: the same values by names in camelCase. */
export function optionsOf<Flags extends object>(flags: Flags): {[Name in keyof Flags as Camel<Name>]: Flags[Name]} {
  const renamed = Object.entries(flags).map(([name, value]) => [
    name.replace(/-(.)/g, (_, letter) => letter.toUpperCase()),
    value,
  ])
  return Object.fromEntries(renamed)
}
