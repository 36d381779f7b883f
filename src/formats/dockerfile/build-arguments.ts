/** Build arguments: what the command line gives, what BuildKit predefines, and the ARGs in front of the first FROM (K57–K64). */

import type {ReadOptions} from '../../model/format.js'
import {literal, type Template} from '../../model/template.js'

const proxyName = /^(https?|ftp|no|all)_proxy$/i

export class BuildArguments {
  readonly #given: ReadonlyMap<string, string>
  readonly #globals = new Map<string, Template>()
  readonly #declared = new Set<string>()

  constructor(options: ReadOptions) {
    this.#given = options.buildArgs
    for (const [name, value] of predefined(options)) {
      this.#globals.set(name, literal(options.buildArgs.get(name) ?? value))
    }
  }

  /** A global ARG: `--build-arg`, else its default; without both it is no variable (K57). */
  declareGlobal(name: string, value: Template | undefined): void {
    this.#declared.add(name)
    const given = this.#given.get(name)
    const chosen = given === undefined ? value : literal(given)
    if (chosen !== undefined) this.#globals.set(name, chosen)
  }

  /** The value of an ARG line in a stage: `--build-arg`, else its default, else the global one (K58). */
  valueInStage(name: string, value: Template | undefined): Template | undefined {
    this.#declared.add(name)
    const given = this.#given.get(name)
    return given === undefined ? (value ?? this.#globals.get(name)) : literal(given)
  }

  /** K62: proxies that are given are variables of every command, in both cases, and need no ARG. */
  proxies(): {readonly name: string; readonly value: string}[] {
    const found = new Map<string, string>()
    for (const [given, value] of this.#given) {
      if (!proxyName.test(given)) continue
      for (const name of [given.toUpperCase(), given.toLowerCase()]) found.set(name, value)
    }
    return Array.from(found, ([name, value]) => ({name, value}))
  }

  /** Variables of FROM lines and of global ARGs. */
  readonly lookup = (name: string): Template | undefined => this.#globals.get(name)

  get declared(): ReadonlySet<string> {
    return this.#declared
  }

  /** Given, but no ARG line asks for it. BuildKit has its own uses for some. */
  unused(): string[] {
    return [...this.#given.keys()].filter(
      name =>
        !this.#declared.has(name) &&
        !this.#globals.has(name) &&
        name !== 'SOURCE_DATE_EPOCH' &&
        !name.startsWith('BUILDKIT_') &&
        !proxyName.test(name),
    )
  }
}

/** K63. Builder and target are the same machine here. */
function predefined({architecture, target}: ReadOptions): Map<string, string> {
  const variant = architecture === 'arm' ? 'v7' : ''
  const platform = `linux/${architecture}${variant === '' ? '' : `/${variant}`}`
  const values = new Map([['TARGETSTAGE', target ?? 'default']])
  for (const side of ['BUILD', 'TARGET']) {
    values.set(`${side}PLATFORM`, platform)
    values.set(`${side}OS`, 'linux')
    values.set(`${side}OSVERSION`, '')
    values.set(`${side}ARCH`, architecture)
    values.set(`${side}VARIANT`, variant)
  }
  return values
}
