/** `config`: every setting, its value, and who says so. */
import {relative} from 'node:path'
import {configuration, ExitCode, type SettingOrigin, type SettingRow, type SettingValue, SifstageError} from '../index.js'
import {didYouMean} from '../language/distance.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

export async function runConfig(key: string | undefined): Promise<Outcome> {
  const {files, settings} = await configuration()
  const shown = key === undefined ? settings : [named(settings, key)]
  return {
    exitCode: ExitCode.done,
    document: {version: 1, files, settings: shown},
    text: key === undefined ? table(shown) : shown.flatMap(({values}) => values.map(plain)).join(''),
    messages:
      key === undefined
        ? files.map(({kind, path, found}) => `the ${kind}'s file: ${visible(path)}${found ? '' : ' (not there)'}\n`).join('')
        : '',
  }
}

function named(rows: readonly SettingRow[], key: string): SettingRow {
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

function plain({value, of}: SettingValue): string {
  return `${of === undefined ? '' : `${visible(of)}=`}${visible(value)}\n`
}

function table(rows: readonly SettingRow[]): string {
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

function from({kind, variable, file, line}: SettingOrigin): string {
  if (variable !== undefined) return variable
  if (file === undefined) return kind
  const near = relative(process.cwd(), file)
  return `${visible(near.startsWith('..') ? file : near)}:${line}`
}
