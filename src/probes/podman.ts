/** podman: buildah with a command line like docker's. */
import {probeContainers} from './containers.js'
import type {Probe} from './probe.js'

export const probePodman: Probe = options => probeContainers('podman', options)
