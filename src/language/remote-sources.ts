/** Sources of ADD that are fetched: URLs and git repositories (K104, K105; frontend/dockerfile/dfgitutil, util/gitutil). */

export interface GitSource {
  readonly kind: 'git'
  readonly repository: string
  readonly ref?: string
  readonly folder?: string
  readonly checksum?: string
  readonly keepGitDir?: boolean
  readonly submodules: boolean
}

export type RemoteSource =
  | GitSource
  /** `name` is what the file is called in a folder. */
  | {readonly kind: 'url'; readonly url: string; readonly name: string}
  | {readonly kind: 'bad'; readonly message: string; readonly hint: string}

/** Undefined for a path. */
export function remoteSource(text: string): RemoteSource | undefined {
  return gitSource(text) ?? urlSource(text)
}

function urlSource(text: string): RemoteSource | undefined {
  if (!/^https?:\/\//.test(text)) return undefined
  const path = /^https?:\/\/[^/?#]*([^?#]*)/.exec(text)?.[1] ?? ''
  const base = path.replace(/\/+$/, '').split('/').at(-1) ?? ''
  return {kind: 'url', url: text, name: base === '' || base === '.' ? '__unnamed__' : decoded(base)}
}

function decoded(name: string): string {
  try {
    const plain = decodeURIComponent(name)
    return plain.includes('/') ? (plain.split('/').at(-1) ?? name) : plain
  } catch {
    return '__unnamed__'
  }
}

function gitSource(text: string): GitSource | Extract<RemoteSource, {kind: 'bad'}> | undefined {
  if (/^\.\.?\//.test(text)) return undefined
  const url = /^(https?|ssh|git):\/\/([^?#]*)(?:\?([^#]*))?(?:#([\s\S]*))?$/i.exec(text)
  if (url !== null) {
    const [, scheme = '', rest = '', query, fragment] = url
    // An HTTP address is a repository only when its path says so.
    if (/^https?$/i.test(scheme) && !/\/.*\.git$/.test(rest)) return undefined
    return withOptions(`${scheme.toLowerCase()}://${rest}`, query, fragment)
  }
  const scp = /^([a-zA-Z0-9_-]+@[a-zA-Z0-9.-]+:[^?#]*)(?:\?([^#]*))?(?:#([\s\S]*))?$/.exec(text)
  return scp === null ? undefined : withOptions(scp[1] ?? '', scp[2], scp[3])
}

type Options = {-readonly [Key in keyof Omit<GitSource, 'kind' | 'repository'>]?: GitSource[Key]}

function withOptions(
  repository: string,
  query: string | undefined,
  fragment: string | undefined,
): GitSource | Extract<RemoteSource, {kind: 'bad'}> {
  const bad = (message: string): Extract<RemoteSource, {kind: 'bad'}> => ({
    kind: 'bad',
    message,
    hint: 'Write REPOSITORY.git#REF:FOLDER, or ?ref=…&subdir=….',
  })
  const options: Options = {}
  const [ref = '', ...folder] = (fragment ?? '').split(':')
  if (ref !== '') options.ref = ref
  if (folder.join(':') !== '') options.folder = folder.join(':')
  const given = new URLSearchParams(query ?? '')
  for (const key of new Set(given.keys())) {
    const values = given.getAll(key)
    if (values.length > 1) return bad(`query ${JSON.stringify(key)} has multiple values`)
    const message = takeOption(options, key, values[0] ?? '')
    if (message !== undefined) return bad(message)
  }
  if (options.checksum !== undefined) options.ref ??= options.checksum
  return {kind: 'git', repository, submodules: true, ...options}
}

function takeOption(options: Options, key: string, value: string): string | undefined {
  const conflict = (what: 'ref' | 'folder', wanted: string): string | undefined => {
    const before = options[what]
    options[what] = wanted
    const shown = what === 'ref' ? 'ref' : 'subdir'
    return before === undefined || before === wanted
      ? undefined
      : `${shown} conflicts: ${JSON.stringify(before)} vs ${JSON.stringify(wanted)}`
  }
  if (value === '' && key !== 'submodules' && key !== 'keep-git-dir') return `query ${JSON.stringify(key)} has no value`
  switch (key) {
    case 'ref':
      return conflict('ref', value)
    case 'tag':
      return conflict('ref', value.startsWith('refs/tags/') ? value : `refs/tags/${value}`)
    case 'branch':
      return conflict('ref', value.startsWith('refs/heads/') ? value : `refs/heads/${value}`)
    case 'subdir':
      return conflict('folder', value)
    case 'checksum':
    case 'commit':
      options.checksum = value
      return undefined
    case 'keep-git-dir':
    case 'submodules': {
      const truth = /^(|1|t|true)$/i.test(value) ? true : /^(0|f|false)$/i.test(value) ? false : undefined
      if (truth === undefined) return `invalid ${key} value: ${JSON.stringify(value)}`
      options[key === 'submodules' ? 'submodules' : 'keepGitDir'] = truth
      return undefined
    }
    // How it is fetched, and the times of its files, which nothing here depends on.
    case 'mtime':
    case 'fetch-by-commit':
      return undefined
    default:
      return `unexpected query ${JSON.stringify(key)}`
  }
}

/** A checksum as `ADD --checksum` takes it: of a file `sha256:HEX`, of a repository a commit. */
export function checksumTrouble(kind: 'url' | 'git', checksum: string): string | undefined {
  if (kind === 'git') return /^[0-9a-f]{7,64}$/i.test(checksum) ? undefined : `invalid checksum ${JSON.stringify(checksum)}`
  const match = /^([A-Za-z0-9]+(?:[+._-][A-Za-z0-9]+)*):([0-9A-Za-z=_-]+)$/.exec(checksum)
  if (match === null) return 'invalid checksum digest format'
  const length = new Map([
    ['sha256', 64],
    ['sha384', 96],
    ['sha512', 128],
  ]).get(match[1] ?? '')
  if (length === undefined) return 'unsupported digest algorithm'
  if (match[2]?.length !== length) return 'invalid checksum digest length'
  return /^[0-9a-f]+$/.test(match[2]) ? undefined : 'invalid checksum digest format'
}
