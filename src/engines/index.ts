/** The engines that make images, by name. Adding one is a file here and a line in this table. */
import type {ImageEngineFacts, ImageEngineName} from '../model/engines.js'
import type {ImageEngine} from '../model/ports.js'
import {buildahEngine} from './buildah.js'
import {dockerEngine} from './docker.js'

const engines: Readonly<Record<ImageEngineName, (facts: ImageEngineFacts) => ImageEngine>> = {
  docker: dockerEngine,
  podman: buildahEngine,
  buildah: buildahEngine,
}

export function imageEngine(facts: ImageEngineFacts): ImageEngine {
  return engines[facts.name](facts)
}
