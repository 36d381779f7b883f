/** What the verbs can be told: the flags of the command line by their names in camelCase (design section 3). */

/** What bears on reading INPUT. */
export type InputOptions = {
  /** The format, instead of by name and text. */
  readonly from?: 'yaml' | 'dockerfile' | 'def' | undefined
  /** The stage that is wanted: its name, or its number from 0. */
  readonly target?: string | undefined
  /** `K=V`, or `K` for the value that the environment has. */
  readonly buildArg?: readonly string[] | undefined
  /** A file with one `K=V` a line. */
  readonly buildArgFile?: string | undefined
  /** `linux/ARCHITECTURE` to build for; this machine's without it. */
  readonly platform?: string | undefined
  /** The build context. */
  readonly context?: string | undefined
  /** `REF=REPLACEMENT`: another image in the place of one. */
  readonly base?: readonly string[] | undefined
}

/** What bears on keys, engines and stores besides. */
export type BuildingOptions = {
  readonly engine?: string | undefined
  /** The store. */
  readonly cacheDir?: string | undefined
  /** Stores that are asked after it: folders, `oras://HOST/REPOSITORY`. */
  readonly storeFrom?: readonly string[] | undefined
  /** Signers who are believed. */
  readonly storeTrust?: readonly string[] | undefined
  /** Who runs the engine. */
  readonly runAs?: string | undefined
  readonly notest?: boolean | undefined
  readonly noCache?: boolean | undefined
  readonly noCacheFilter?: readonly string[] | undefined
  readonly cacheHostSteps?: boolean | undefined
  readonly noHttps?: boolean | undefined
  /** `SRC[:DST]` of the host while steps run. */
  readonly bind?: readonly string[] | undefined
  readonly nv?: boolean | undefined
  readonly rocm?: boolean | undefined
  readonly fixPerms?: boolean | undefined
  readonly engineArg?: readonly string[] | undefined
  readonly overrideLabels?: boolean | undefined
  readonly shareTmp?: boolean | undefined
  readonly cacheMount?: readonly string[] | undefined
  readonly keepCwd?: boolean | undefined
} & LockOptions

/** Which bases are meant. */
export type LockOptions = {
  /** Bases only as the lock file has them. */
  readonly locked?: boolean | undefined
  /** No registry is asked. */
  readonly offline?: boolean | undefined
  readonly lockFile?: string | undefined
}

/** What a build writes, and how it goes about it. */
export type BuildOptions = InputOptions &
  BuildingOptions & {
    /** OUT; the input's name with `.sif`, in the current folder, without it. */
    readonly output?: string | undefined
    /** Stages that run side by side. */
    readonly jobs?: number | undefined
    readonly checkpoints?: 'auto' | 'always' | 'off' | undefined
    /** A store that gets what is built. */
    readonly storeTo?: string | undefined
    readonly cacheFrom?: readonly string[] | undefined
    readonly cacheTo?: string | undefined
    readonly mksquashfsArgs?: string | undefined
    readonly onFailure?: 'clean' | 'keep' | undefined
    readonly keepGoing?: boolean | undefined
    /** Replace OUT whatever it is. */
    readonly force?: boolean | undefined
    /** `id=NAME,src=FILE` or `id=NAME,env=VAR`. */
    readonly secret?: readonly string[] | undefined
  }

/** What a conversion makes. */
export type ConvertOptions = InputOptions & {
  readonly to: 'def' | 'dockerfile' | 'yaml' | 'stages'
  /** Where it is written: a file, for `stages` a folder. */
  readonly output?: string | undefined
  /** Warnings refuse it too. */
  readonly strict?: boolean | undefined
  /** Rules that do not refuse it. */
  readonly allow?: readonly string[] | undefined
  readonly keepCwd?: boolean | undefined
}

/** Which image is held against which stage. */
export type VerifyOptions = InputOptions &
  BuildingOptions & {
    /** The stage that the image is of: its name, or its number from 0. */
    readonly stage: string
    /** Also warns where the image does not suit this machine. */
    readonly againstHost?: boolean | undefined
  }

/** What a report is about. */
export type ReportOptions = InputOptions &
  BuildingOptions & {
    /** An image to look at instead of what the store has of the target. */
    readonly image?: string | undefined
    /** Also warns where the image does not suit this machine. */
    readonly againstHost?: boolean | undefined
  }

/** How a lock file is written. */
export type LockVerbOptions = InputOptions & {
  readonly cacheDir?: string | undefined
  readonly runAs?: string | undefined
  readonly noHttps?: boolean | undefined
  readonly lockFile?: string | undefined
  /** Asks for bases again that it has. */
  readonly update?: boolean | undefined
  /** Writes nothing, and says whether it is up to date. */
  readonly check?: boolean | undefined
}

/** How files are linked to one description. */
export type ImportOptions = {
  readonly output?: string | undefined
  /** `FILE=NAME`: what a file makes. */
  readonly tag?: readonly string[] | undefined
  /** `STAGE:PATH-IN-IMAGE=PATH-IN-CONTEXT`: what somebody copied by hand. */
  readonly copy?: readonly string[] | undefined
  readonly buildArg?: readonly string[] | undefined
  /** Replaces what lies at `output`. */
  readonly force?: boolean | undefined
}

/** Which store is meant. */
export type StoreOptions = {
  readonly cacheDir?: string | undefined
  readonly runAs?: string | undefined
}

/** What goes out of a store. */
export type PruneOptions = StoreOptions & {
  readonly all?: boolean | undefined
  /** Not used for so many days. */
  readonly days?: number | undefined
  /** `20GB`: what was not used for longest goes until it takes up no more. */
  readonly maxSize?: string | undefined
  /** `12h`, `3d`. */
  readonly olderThan?: string | undefined
  readonly dryRun?: boolean | undefined
}

/** Whose image is entered. */
export type ShellOptions = InputOptions & BuildingOptions & {readonly stage: string}
