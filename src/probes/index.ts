/** Every engine's probe by name. Adding an engine is a file here and a line in this table. */
import {ENGINE_NAMES, type EngineName} from '../model/engines.js'
import {probeApptainer, probeSingularity} from './apptainer.js'
import {probeBuildah} from './buildah.js'
import {probeDocker} from './docker.js'
import {probePodman} from './podman.js'
import type {Probe, Probed, ProbeOptions} from './probe.js'

export const probes: Readonly<Record<EngineName, Probe>> = {
  apptainer: probeApptainer,
  singularity: probeSingularity,
  docker: probeDocker,
  podman: probePodman,
  buildah: probeBuildah,
}

/** All engines, asked side by side, in the order in which they are shown. */
export function probeAll(options: ProbeOptions): Promise<Probed[]> {
  return Promise.all(ENGINE_NAMES.map(name => probes[name](options)))
}
