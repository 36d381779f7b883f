/** Every setting that there is. What reads them, `sifstage config`, its messages and docs/configuration.md go by this table. */

/**
 * What a setting may hold: a `place` is a folder or an address of a registry, and a relative path in a file starts at the
 * file's folder. Several of a kind may be a list; in a variable, blanks part them.
 */
type SettingType = 'text' | 'folder' | 'place' | 'places' | 'texts' | 'number' | 'bases'

export interface Setting {
  /** The key in a file. */
  readonly name: string
  readonly variable?: string
  readonly flag?: string
  readonly type: SettingType
  readonly meaning: string
  /** What holds when nobody says anything, in words. */
  readonly otherwise: string
  /** Whether what several places say is put together instead of the first one alone. */
  readonly added?: boolean
}

export const SETTINGS = [
  {
    name: 'bases',
    flag: '--base',
    type: 'bases',
    meaning: 'images to take in the place of others: a map from references to replacements',
    otherwise: 'none',
    added: true,
  },
  {
    name: 'cache-dir',
    variable: 'SIFSTAGE_CACHE_DIR',
    flag: '--cache-dir',
    type: 'folder',
    meaning: 'the store',
    otherwise: '`$XDG_CACHE_HOME/sifstage`, else `~/.cache/sifstage`, of the user whom the engine runs as',
  },
  {
    name: 'cache-size',
    variable: 'SIFSTAGE_CACHE_SIZE',
    type: 'text',
    meaning: 'what the store may take, such as `20GB`: what was used longest ago goes after a build',
    otherwise: 'no limit',
  },
  {
    name: 'engine',
    variable: 'SIFSTAGE_ENGINE',
    flag: '--engine',
    type: 'text',
    meaning: 'what builds: `auto`, `apptainer`, `singularity`, `docker`, `podman` or `buildah`',
    otherwise: 'auto',
  },
  {
    name: 'jobs',
    variable: 'SIFSTAGE_JOBS',
    flag: '-j',
    type: 'number',
    meaning: 'stages that run side by side',
    otherwise: 'as many as there are processors, at most 4',
  },
  {
    name: 'run-as',
    variable: 'SIFSTAGE_RUN_AS',
    flag: '--run-as',
    type: 'text',
    meaning: 'the user who runs the engine, for root in a container',
    otherwise: 'who starts sifstage',
  },
  {
    name: 'runtime-libraries',
    variable: 'SIFSTAGE_RUNTIME_LIBRARIES',
    type: 'texts',
    meaning: 'patterns of shared libraries that the machine brings when images run, such as `libmpi.so.*`',
    otherwise: 'none but those of the drivers',
    added: true,
  },
  {
    name: 'store-from',
    variable: 'SIFSTAGE_STORE_FROM',
    flag: '--store-from',
    type: 'places',
    meaning: 'stores to look into behind the own one: folders, or `oras://HOST/REPOSITORY`',
    otherwise: 'none',
  },
  {
    name: 'store-to',
    variable: 'SIFSTAGE_STORE_TO',
    flag: '--store-to',
    type: 'place',
    meaning: 'where stages that are built are sent',
    otherwise: 'nowhere',
  },
  {
    name: 'store-trust',
    variable: 'SIFSTAGE_STORE_TRUST',
    flag: '--store-trust',
    type: 'texts',
    meaning: 'public keys of signers whose stages are believed',
    otherwise: 'none but the own one',
  },
] as const satisfies readonly Setting[]

export type SettingName = (typeof SETTINGS)[number]['name']

/** Variables that stand for one command or one machine, and in no file. */
export const ENVIRONMENT_ONLY: readonly {readonly variable: string; readonly flag?: string; readonly meaning: string}[] = [
  {variable: 'SIFSTAGE_NO_HTTPS', flag: '--no-https', meaning: '`true`: talk plain http to registries'},
  {variable: 'SIFSTAGE_OFFLINE', flag: '--offline', meaning: '`true`: ask no registry'},
  {variable: 'SIFSTAGE_STORE_KEY', flag: '--key', meaning: 'the file with the key that signs what is sent to a registry'},
  {
    variable: 'SIFSTAGE_TMPDIR',
    meaning:
      'where there is room for a build, on a disk of this machine; else `APPTAINER_TMPDIR`, `SINGULARITY_TMPDIR`, `TMPDIR`, `/tmp`',
  },
]

/** A file that is in the folder of a project, or above it. */
export const PROJECT_FILE = 'sifstage.config.yaml'
