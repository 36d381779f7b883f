/** Variables that `%post` exports, and how later values are written in terms of them (K138, K139). */
import type {Template} from '../../model/template.js'
import {exportWord} from './quote.js'

interface Exported {
  readonly line: {readonly text: string}
  readonly value: Template
  readonly saved: boolean
}

export class Exports {
  /** Variables set in `%post`: where, and what they are worth in terms of the base. */
  readonly #exported = new Map<string, Exported>()

  /** @param lines the script that the exports are lines of */
  constructor(readonly lines: {readonly text: string}[]) {}

  /** K50: all values are worked out before any is set. */
  add(variables: readonly {readonly name: string; readonly value: Template}[]): void {
    const printed = variables.map(({name, value}) => ({name, value, text: `export ${name}=${this.#valueFor(name, value)}`}))
    for (const {name, value, text} of printed) {
      const line = {text}
      this.lines.push(line)
      const before = this.#exported.get(name)
      this.#exported.set(name, before === undefined ? {line, value, saved: false} : {...before, value})
    }
  }

  /** The base's value of a variable, whatever it has been set to since. */
  baseVariable(name: string): string {
    const exported = this.#exported.get(name)
    if (exported === undefined) return name
    if (!exported.saved) {
      this.lines.splice(this.lines.indexOf(exported.line), 0, {text: `SIFSTAGE_${name}="$${name}"`})
      this.#exported.set(name, {...exported, saved: true})
    }
    return `SIFSTAGE_${name}`
  }

  #word(template: Template): string {
    return exportWord(template, name => this.baseVariable(name))
  }

  /** `PATH=/b:/a:$BASE` after `PATH=/a:$BASE` reads `PATH=/b:$PATH`, as it was written. */
  #valueFor(name: string, value: Template): string {
    const before = this.#exported.get(name)?.value
    if (before === undefined || before.length === 0 || before.every(part => typeof part === 'string')) return this.#word(value)
    const tail = value.slice(value.length - before.length + (typeof before[0] === 'string' ? 1 : 0))
    const rest = typeof before[0] === 'string' ? before.slice(1) : before
    if (JSON.stringify(tail) !== JSON.stringify(rest)) return this.#word(value)
    const start = before[0]
    const own = value[value.length - before.length]
    if (typeof start !== 'string') return this.#word([...value.slice(0, value.length - before.length), {variable: name}])
    if (typeof own !== 'string' || !own.endsWith(start)) return this.#word(value)
    const kept = [...value.slice(0, value.length - before.length), own.slice(0, own.length - start.length)]
    return exportWord([...kept, {variable: name}], each => each)
  }
}
