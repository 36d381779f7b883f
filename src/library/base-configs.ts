/**
 * Looks at the bases of an input, since a Dockerfile means what its base images say: their variables, folder, shell
 * and triggers (K55, K77, K121, K125).
 */
import {resolve} from 'node:path'
import {parseImageConfig} from '../language/image-config.js'
import type {Base, Description, Rules} from '../model/description.js'
import type {Diagnostic} from '../model/diagnostic.js'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {ImageConfig} from '../model/image-config.js'
import {normalizeReference, showImageReference, showLocalReference} from '../model/reference.js'
import {baseDependence} from '../plan/base-dependence.js'
import {neededStages, resolveTarget} from '../plan/graph.js'
import {type ConfigOptions, localConfig, remoteConfig} from '../system/base-config.js'
import {RegistryError} from '../system/registry.js'
import type {LookAtImage} from './read-input.js'

/** All registries together have answered by then, or count as unreachable. */
const PATIENCE_MS = 5_000

/** Bases by the name that the input has for them, each asked about once. */
export class BaseConfigs {
  readonly configs = new Map<string, ImageConfig>()
  readonly #failures = new Map<string, string>()
  readonly #options: ConfigOptions

  constructor(
    readonly folder: string,
    architecture: string,
    environment: NodeJS.ProcessEnv,
    readonly look?: LookAtImage | undefined,
  ) {
    this.#options = {architecture, environment, signal: AbortSignal.timeout(PATIENCE_MS)}
  }

  /**
   * Looks at the bases that the target needs.
   * @param written the input as it was read
   * @param rebased the same with `--base` carried out: the images that are looked at
   * @param rules the stages that are looked at
   * @returns true if something new is known
   */
  async lookUp(written: Description, rebased: Description, target: string | undefined, rules: Rules): Promise<boolean> {
    const before = this.configs.size
    await Promise.all(
      neededFor(written, target).map(async index => {
        const [base, instead] = [written.stages[index]?.base, rebased.stages[index]?.base]
        if (written.stages[index]?.rules !== rules || base === undefined || instead === undefined) return
        const name = nameOf(base)
        if (name === undefined) return
        if (this.configs.has(name) || this.#failures.has(name)) return
        const config = await this.#config(name, instead)
        if (config !== undefined) this.configs.set(name, parseImageConfig(config))
      }),
    )
    return this.configs.size > before
  }

  /** Those that change which steps there are, or how they run. */
  decisive(): Map<string, ImageConfig> {
    return new Map([...this.configs].filter(([, config]) => config.onbuild.length > 0 || config.shell !== undefined))
  }

  async #config(name: string, base: Base): Promise<string | undefined> {
    try {
      if (base.kind === 'local') {
        const config = await localConfig(base.reference, resolve(this.folder, base.reference.path))
        if (config === undefined) this.#failures.set(name, 'the image in its place says nothing that can be read from here')
        return config
      }
      if (base.kind !== 'image') return undefined
      if (this.look === undefined) return await remoteConfig(base.reference, this.#options)
      return await this.look(base.reference, this.#options.signal)
    } catch (error) {
      // A registry that fails is said once more, and loudly, by whoever needs the base itself.
      const passes = error instanceof SifstageError && error.exitCode === ExitCode.failed
      if (!passes && !(error instanceof RegistryError)) throw error
      this.#failures.set(name, error.message)
      return undefined
    }
  }

  /** One remark for each base that nobody could look at, where something depends on it. */
  unknown(description: Description, target: string | undefined): Diagnostic[] {
    return [...baseDependence(description, neededFor(description, target))].flatMap(([index, needs]): Diagnostic[] => {
      const stage = description.stages[index]
      const base = stage?.base
      if (stage === undefined || (base?.kind !== 'image' && base?.kind !== 'local')) return []
      const reference = base.kind === 'image' ? showImageReference(base.reference) : base.reference.path
      const name = reference.replace(/^docker:\/\//, '')
      const reason = this.#failures.get(nameOf(base) ?? '')
      const hint =
        base.kind === 'image'
          ? `Go on where the registry can be reached, or name a copy: --base ${name}=./base.sif`
          : 'An OCI layout, or a SIF made of an OCI image, says it.'
      return [
        {
          rule: 'base-config-unknown',
          severity: 'info',
          message: `Nobody could look at the image ${name}${reason === undefined ? '' : ` (${reason})`}; what depends on ${[...needs].join(', ')} is left to the build.`,
          hint,
          span: base.span,
          stage: stage.name,
        },
      ]
    })
  }
}

/** By what readers find the configuration of a base (`ReadOptions.configs`). */
function nameOf(base: Base): string | undefined {
  if (base.kind === 'image') return normalizeReference(showImageReference(base.reference))
  return base.kind === 'local' ? showLocalReference(base.reference) : undefined
}

function neededFor(description: Description, target: string | undefined): number[] {
  const found = resolveTarget(description, target)
  return found.kind === 'unknown' ? [] : neededStages(description, found.stage.index)
}
