/** buildah. */
import {probeContainers} from './containers.js'
import type {Probe} from './probe.js'

export const probeBuildah: Probe = options => probeContainers('buildah', options)
