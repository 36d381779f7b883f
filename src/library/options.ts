/** What verbs can be told, by the names that the command line has for it (design section 3). */

export type EverywhereFlags = {
  readonly from?: 'yaml' | 'dockerfile' | 'def' | undefined
  readonly target?: string | undefined
  readonly 'build-arg'?: readonly string[] | undefined
  readonly 'build-arg-file'?: string | undefined
  readonly platform?: string | undefined
  readonly context?: string | undefined
  readonly base?: readonly string[] | undefined
  readonly json: boolean
}

export type BuildingFlags = {
  readonly engine?: string | undefined
  readonly 'cache-dir'?: string | undefined
  readonly 'store-from'?: readonly string[] | undefined
  readonly 'store-trust'?: readonly string[] | undefined
  readonly 'run-as'?: string | undefined
  readonly notest: boolean
  readonly 'no-cache': boolean
  readonly 'no-cache-filter'?: readonly string[] | undefined
  readonly 'cache-host-steps': boolean
  readonly 'no-https': boolean
  readonly bind?: readonly string[] | undefined
  readonly nv: boolean
  readonly rocm: boolean
  readonly 'fix-perms': boolean
  readonly 'engine-arg'?: readonly string[] | undefined
  readonly 'override-labels': boolean
  readonly 'share-tmp': boolean
  readonly 'cache-mount'?: readonly string[] | undefined
  readonly 'keep-cwd': boolean
} & LockFlags

/** Flags of which bases are meant. */
export type LockFlags = {
  readonly locked: boolean
  readonly offline: boolean
  readonly 'lock-file'?: string | undefined
}
