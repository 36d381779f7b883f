/** `version` and what `--version` prints below its first line. */
import {ExitCode, type Versions, versions} from '../index.js'
import {visible} from '../reports/visible.js'
import type {Outcome} from './outcome.js'

/** Milliseconds that `--version` waits for programs: a look at a version is over before anybody notices. */
const AT_ONCE = 300

function lines({system, programs}: Versions): string {
  const here = programs.filter(each => each.path !== undefined)
  const missing = programs.filter(each => each.path === undefined).map(each => each.name)
  const rows = here.map(
    ({name, version, path = ''}) => `${name.padEnd(12)}${visible(version ?? 'does not say').padEnd(18)}${visible(path)}\n`,
  )
  return [
    ...rows,
    ...(missing.length === 0 ? [] : [`${'not here'.padEnd(12)}${missing.join(', ')}\n`]),
    `${'system'.padEnd(12)}${visible(system)}\n`,
  ].join('')
}

/** The engines and tools, for `--version`: its first line is printed by then. */
export async function versionLines(): Promise<string> {
  return lines(await versions({patience: AT_ONCE}))
}

/** @param own the first line, `sifstage/1.2.3 …` @param version of sifstage */
export async function runVersion(own: string, version: string): Promise<Outcome> {
  const found = await versions()
  return {
    exitCode: ExitCode.done,
    document: {
      version: 1,
      sifstage: version,
      node: found.node,
      system: found.system,
      programs: found.programs.map(({name, path, version: of}) => ({
        name,
        ...(path === undefined ? {} : {path}),
        ...(of === undefined ? {} : {version: of}),
      })),
    },
    text: `${own}\n${lines(found)}`,
    messages: '',
  }
}
