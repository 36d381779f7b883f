/** What the images say that stages start from, where somebody looked them up. */
import type {Base, Stage} from '../../model/description.js'
import type {ImageConfig} from '../../model/image-config.js'
import {normalizeReference, showImageReference, showLocalReference} from '../../model/reference.js'

/** The stages with the configurations of their bases; `configs` by the name that the input has for each. */
export function withConfigs(stages: readonly Stage[], configs: ReadonlyMap<string, ImageConfig> | undefined): readonly Stage[] {
  if (configs === undefined || configs.size === 0) return stages
  return stages.map(stage => ({...stage, base: withConfig(stage.base, configs)}))
}

function withConfig(base: Base, configs: ReadonlyMap<string, ImageConfig>): Base {
  switch (base.kind) {
    case 'image': {
      const config = configs.get(normalizeReference(showImageReference(base.reference)))
      return config === undefined ? base : {...base, config}
    }
    case 'local': {
      const config = configs.get(showLocalReference(base.reference))
      return config === undefined ? base : {...base, config}
    }
    default:
      return base
  }
}
