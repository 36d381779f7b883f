/** Which value a variable has at a line of a Dockerfile (K54–K63). */
import {defaultPath} from '../../language/image-config.js'
import {baseVariable, type Lookup} from '../../language/words.js'
import type {ImageConfig} from '../../model/image-config.js'
import {literal, type Template} from '../../model/template.js'

/** Where a stage's variables start: a foreign image, which is unknown unless somebody looked it up, nothing, or another stage. */
export type ScopeBase =
  | {readonly kind: 'image'; readonly config: ImageConfig | undefined}
  | {readonly kind: 'scratch'}
  | {readonly kind: 'stage'; readonly scope: Scope}

/**
 * The variables of one stage as far as it has been read. A child stage asks its parent instead of copying it, so a
 * stage must not be read further once another one stands on it; a Dockerfile is read from top to bottom.
 */
export class Scope {
  readonly #base: ScopeBase
  readonly #env = new Map<string, Template>()
  readonly #args = new Map<string, Template>()
  /** ENV and ARG together: the later line wins (K61). */
  readonly #visible = new Map<string, Template>()
  /** How many stages stand below each other here. */
  readonly depth: number

  constructor(base: ScopeBase) {
    this.#base = base
    this.depth = base.kind === 'stage' ? base.scope.depth + 1 : 1
  }

  setEnv(name: string, value: Template): void {
    const seen = settled(name, value)
    this.#env.set(name, seen)
    this.#visible.set(name, seen)
  }

  /** An ARG without a value is declared, and changes nothing (K58). */
  setArg(name: string, value: Template | undefined): void {
    if (value === undefined) return
    const seen = settled(name, value)
    this.#args.set(name, seen)
    this.#visible.set(name, seen)
  }

  /** A child starts with its parent's ENV, and with the ARGs that no ENV hides (K60, K61). */
  readonly lookup: Lookup = name => {
    const own = this.#visible.get(name)
    if (own !== undefined) return own
    switch (this.#base.kind) {
      case 'stage':
        return this.#base.scope.#inherited(name)
      case 'scratch':
        return name === 'PATH' ? literal(defaultPath) : undefined
      case 'image': {
        const {config} = this.#base
        if (config !== undefined) {
          const known = config.env.get(name)
          return known === undefined ? undefined : [{variable: name, known}]
        }
        // `$1`, `$@` and their like are no variables that an image could have.
        return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? baseVariable(name) : undefined
      }
    }
  }

  #inherited(name: string): Template | undefined {
    let arg: Template | undefined
    for (let scope: Scope = this; ; scope = scope.#base.scope) {
      const env = scope.#env.get(name)
      if (env !== undefined) return env
      arg ??= scope.#args.get(name)
      if (scope.#base.kind !== 'stage') return arg ?? scope.#bottom(name)
    }
  }

  #bottom(name: string): Template | undefined {
    return new Scope(this.#base).lookup(name)
  }
}

/**
 * `ENV X=$X` sets X even where the base has none, which `${X-word}` has to see: `${X-}` is the same value and is
 * not taken for the base's own variable.
 */
function settled(name: string, value: Template): Template {
  const [part, more] = value
  const own = typeof part === 'object' && more === undefined && part.variable === name
  return own && part.modifier === undefined && part.known === undefined
    ? [{variable: name, modifier: {operator: '-', word: []}}]
    : value
}
