/** `config`: every setting, its value, and who says so. */
import {availableParallelism} from 'node:os'
import {relative} from 'node:path'
import {didYouMean} from '../language/distance.js'
import {settingsFiles, settled, winning, writtenSettings} from '../library/settings.js'
import type {WrittenSetting} from '../library/settings-file.js'
import {ENVIRONMENT_ONLY, SETTINGS, type Setting, type SettingName} from '../library/settings-table.js'
import {identityOf, storeFolder} from '../library/store-folder.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

interface Origin {
  readonly kind: 'environment' | 'project' | 'user' | 'default'
  readonly variable?: string
  readonly file?: string
  readonly line?: number
}

interface Value {
  readonly value: string
  /** Of `bases`: what is replaced. */
  readonly of?: string
  readonly origin: Origin
}

interface Row {
  readonly name: string
  readonly meaning: string
  readonly values: readonly Value[]
}

export async function runConfig(key: string | undefined, environment: NodeJS.ProcessEnv): Promise<Outcome> {
  const files = settingsFiles(process.cwd(), environment)
  const written = await writtenSettings(files)
  const kindOf = (file: string) => files.find(each => each.path === file)?.kind ?? 'user'
  const rows = [
    ...SETTINGS.map(setting => row(setting, winning(written, setting.name), environment, kindOf)),
    ...ENVIRONMENT_ONLY.map(({variable, meaning}): Row => {
      const value = environment[variable]
      return {name: variable, meaning, values: value ? [{value, origin: {kind: 'environment', variable}}] : []}
    }),
  ]
  const runAs = rows.find(each => each.name === 'run-as')?.values[0]?.value
  const all = rows.map(each => (each.values.length === 0 ? {...each, values: otherwise(each.name, runAs, environment)} : each))
  const shown = key === undefined ? all : [named(all, key)]
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      files: files.map(({kind, path, found}) => ({kind, path, found})),
      settings: shown.map(({name, meaning, values}) => ({name, meaning, values})),
    },
    text: key === undefined ? table(shown) : shown.flatMap(({values}) => values.map(plain)).join(''),
    messages:
      key === undefined
        ? files.map(({kind, path, found}) => `the ${kind}'s file: ${visible(path)}${found ? '' : ' (not there)'}\n`).join('')
        : '',
  }
}

function row(
  setting: Setting & {readonly name: SettingName},
  winners: readonly WrittenSetting[],
  environment: NodeJS.ProcessEnv,
  kindOf: (file: string) => 'project' | 'user',
): Row {
  const {name, variable, type, meaning, added} = setting
  const text = variable === undefined ? undefined : environment[variable]
  const several = type === 'places' || type === 'texts'
  const words = !text ? [] : several ? text.split(added === true ? /[\s,]+/ : /\s+/).filter(each => each !== '') : [text]
  const said = words.map(
    (value): Value => ({value, origin: {kind: 'environment', ...(variable === undefined ? {} : {variable})}}),
  )
  const filed = winners.map((each): Value => {
    const origin = {kind: kindOf(each.file), file: each.file, line: each.line}
    return {value: settled(each), ...(each.of === undefined ? {} : {of: each.of}), origin}
  })
  return {name, meaning, values: said.length > 0 && added !== true ? said : [...said, ...filed]}
}

/** What holds where nobody says anything; nothing for what is then not done. */
function otherwise(name: string, runAs: string | undefined, environment: NodeJS.ProcessEnv): readonly Value[] {
  const value = (text: string): Value[] => [{value: text, origin: {kind: 'default'}}]
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

function named(rows: readonly Row[], key: string): Row {
  const found = rows.find(each => each.name === key)
  if (found !== undefined) return found
  const names = rows.map(each => each.name)
  const meant = didYouMean(key, names)
  throw new SifstageError(
    ExitCode.usage,
    `there is no setting ${JSON.stringify(visible(key))}`,
    `${meant === undefined ? '' : `Did you mean ${meant}? `}There are: ${names.join(', ')}.`,
  )
}

function plain({value, of}: Value): string {
  return `${of === undefined ? '' : `${visible(of)}=`}${visible(value)}\n`
}

function table(rows: readonly Row[]): string {
  const cells = rows.flatMap(({name, values}) =>
    values.length === 0
      ? [[name, 'not set', '']]
      : values.map((each, i) => [i === 0 ? name : '', plain(each).trimEnd(), from(each.origin)]),
  )
  const width = (column: number) => Math.max(...cells.map(each => each[column]?.length ?? 0))
  return cells
    .map(([name = '', value = '', who = '']) => `${name.padEnd(width(0))}  ${value.padEnd(width(1))}  ${who}`.trimEnd())
    .join('\n')
    .concat('\n')
}

function from({kind, variable, file, line}: Origin): string {
  if (variable !== undefined) return variable
  if (file === undefined) return kind
  const near = relative(process.cwd(), file)
  return `${visible(near.startsWith('..') ? file : near)}:${line}`
}
