/** Every setting, its value, and who says so. */
import {availableParallelism} from 'node:os'
import {type SettingsFile, settingsFiles, settled, winning, writtenSettings} from './settings.js'
import type {WrittenSetting} from './settings-file.js'
import {ENVIRONMENT_ONLY, SETTINGS, type Setting, type SettingName} from './settings-table.js'
import {identityOf, storeFolder} from './store-folder.js'

export interface SettingOrigin {
  readonly kind: 'environment' | 'project' | 'user' | 'default'
  readonly variable?: string
  readonly file?: string
  readonly line?: number
}

export interface SettingValue {
  readonly value: string
  /** Of `bases`: what is replaced. */
  readonly of?: string
  readonly origin: SettingOrigin
}

export interface SettingRow {
  readonly name: string
  readonly meaning: string
  readonly values: readonly SettingValue[]
}

export interface Configuration {
  /** The first one wins. */
  readonly files: readonly SettingsFile[]
  readonly settings: readonly SettingRow[]
}

/** @throws SifstageError (2) for a file that is not as it should be */
export async function configuration(folder: string, environment: NodeJS.ProcessEnv): Promise<Configuration> {
  const files = settingsFiles(folder, environment)
  const written = await writtenSettings(files)
  const kindOf = (file: string) => files.find(each => each.path === file)?.kind ?? 'user'
  const rows = [
    ...SETTINGS.map(setting => row(setting, winning(written, setting.name), environment, kindOf)),
    ...ENVIRONMENT_ONLY.map(({variable, meaning}): SettingRow => {
      const value = environment[variable]
      return {name: variable, meaning, values: value ? [{value, origin: {kind: 'environment', variable}}] : []}
    }),
  ]
  const runAs = rows.find(each => each.name === 'run-as')?.values[0]?.value
  const settings = rows.map(each =>
    each.values.length === 0 ? {...each, values: otherwise(each.name, runAs, environment)} : each,
  )
  return {files, settings}
}

function row(
  setting: Setting & {readonly name: SettingName},
  winners: readonly WrittenSetting[],
  environment: NodeJS.ProcessEnv,
  kindOf: (file: string) => 'project' | 'user',
): SettingRow {
  const {name, variable, type, meaning, added} = setting
  const text = variable === undefined ? undefined : environment[variable]
  const several = type === 'places' || type === 'texts'
  const words = !text ? [] : several ? text.split(added === true ? /[\s,]+/ : /\s+/).filter(each => each !== '') : [text]
  const said = words.map(
    (value): SettingValue => ({value, origin: {kind: 'environment', ...(variable === undefined ? {} : {variable})}}),
  )
  const filed = winners.map((each): SettingValue => {
    const origin = {kind: kindOf(each.file), file: each.file, line: each.line}
    return {value: settled(each), ...(each.of === undefined ? {} : {of: each.of}), origin}
  })
  return {name, meaning, values: said.length > 0 && added !== true ? said : [...said, ...filed]}
}

/** What holds where nobody says anything; nothing for what is then not done. */
function otherwise(name: string, runAs: string | undefined, environment: NodeJS.ProcessEnv): readonly SettingValue[] {
  const value = (text: string): SettingValue[] => [{value: text, origin: {kind: 'default'}}]
  switch (name) {
    case 'cache-dir':
      return value(storeFolder(undefined, identityOf(runAs), environment))
    case 'engine':
      return value('auto')
    case 'jobs':
      return value(String(Math.min(4, availableParallelism())))
    case 'run-as':
      return value(identityOf(undefined).user)
    default:
      return []
  }
}
