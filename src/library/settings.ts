/** Settings from files: the project's `sifstage.config.yaml` and the user's (design section 3). */
import {existsSync} from 'node:fs'
import {homedir} from 'node:os'
import {dirname, join, resolve} from 'node:path'
import type {WrittenSetting} from './settings-file.js'
import {PROJECT_FILE, SETTINGS, type Setting, type SettingName} from './settings-table.js'

export interface Settings {
  /** REF to REPLACEMENT; a relative path starts at the file's folder. */
  readonly bases: readonly {
    readonly reference: string
    readonly replacement: string
    readonly folder: string
    readonly file: string
  }[]
  readonly cacheDir?: string
  /** What the store may take, as it is written: `20GB`. */
  readonly cacheSize?: string
  /** Stores behind our own, in their order: folders, or `oras://…`. */
  readonly storeFrom?: readonly string[]
  readonly storeTo?: string
  /** Public keys of signers who are believed. */
  readonly storeTrust?: readonly string[]
  readonly engine?: string
  readonly runAs?: string
  readonly jobs?: number
  /** Patterns of libraries that the machine brings at run time. */
  readonly runtimeLibraries?: readonly string[]
}

export interface SettingsFile {
  readonly kind: 'project' | 'user'
  readonly path: string
  readonly found: boolean
}

/** The nearest project file in the folder or above it. */
function projectFile(folder: string): string | undefined {
  for (let at = resolve(folder); ; at = dirname(at)) {
    const file = join(at, PROJECT_FILE)
    if (existsSync(file)) return file
    if (dirname(at) === at) return undefined
  }
}

/** Where settings are looked for, the first one first. */
export function settingsFiles(folder: string, environment: NodeJS.ProcessEnv): readonly SettingsFile[] {
  const project = projectFile(folder)
  const user = join(
    environment['XDG_CONFIG_HOME'] ?? join(environment['HOME'] ?? homedir(), '.config'),
    'sifstage',
    'config.yaml',
  )
  return [
    {kind: 'project', path: project ?? join(resolve(folder), PROJECT_FILE), found: project !== undefined},
    {kind: 'user', path: user, found: existsSync(user)},
  ]
}

/** A value as it is meant: a relative path starts at the file's folder. */
export function settled(written: WrittenSetting): string {
  const {type}: Setting = SETTINGS.find(each => each.name === written.name) ?? SETTINGS[0]
  const folder = dirname(written.file)
  if (type === 'folder') return resolve(folder, written.text)
  if (type !== 'place' && type !== 'places') return written.text
  return /^[a-z][a-z0-9+.-]*:\/\//i.test(written.text) ? written.text : resolve(folder, written.text)
}

/** What the files say, by setting: the project's alone where it says something, unless values are put together. */
export function winning(written: readonly (readonly WrittenSetting[])[], name: SettingName): readonly WrittenSetting[] {
  const each = written.map(file => file.filter(one => one.name === name))
  return name === 'bases' ? each.flat() : (each.find(values => values.length > 0) ?? [])
}

/** What is written in the files that are there. @throws SifstageError (2) for a file that is not as it should be */
export async function writtenSettings(files: readonly SettingsFile[]): Promise<readonly (readonly WrittenSetting[])[]> {
  const there = files.filter(each => each.found)
  if (there.length === 0) return []
  const {readSettingsFile} = await import('./settings-file.js')
  return Promise.all(there.map(each => readSettingsFile(each.path)))
}

/**
 * The project's settings over the user's.
 * @throws SifstageError (2) for a file that is not as it should be
 */
export async function loadSettings(folder: string, environment: NodeJS.ProcessEnv): Promise<Settings> {
  const written = await writtenSettings(settingsFiles(folder, environment))
  if (written.length === 0) return {bases: []}
  const all = (name: SettingName) => {
    const values = winning(written, name).map(settled)
    return values.length === 0 ? undefined : values
  }
  const one = (name: SettingName) => all(name)?.at(-1)
  const jobs = one('jobs')
  return {
    bases: winning(written, 'bases').map(({of = '', text, file}) => ({
      reference: of,
      replacement: text,
      folder: dirname(file),
      file,
    })),
    ...defined('cacheDir', one('cache-dir')),
    ...defined('cacheSize', one('cache-size')),
    ...defined('storeFrom', all('store-from')),
    ...defined('storeTo', one('store-to')),
    ...defined('storeTrust', all('store-trust')),
    ...defined('engine', one('engine')),
    ...defined('runAs', one('run-as')),
    ...(jobs === undefined ? {} : {jobs: Number(jobs)}),
    ...defined('runtimeLibraries', all('runtime-libraries')),
  }
}

function defined<K extends string, V>(key: K, value: V | undefined): {[key in K]?: V} {
  return value === undefined ? {} : ({[key]: value} as {[key in K]: V})
}
