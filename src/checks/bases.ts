/** What is commonly known of base images by their names alone. */

import {chainOf} from '../language/stages.js'
import type {Base, Description, Stage} from '../model/description.js'
import {parseDockerName} from '../model/reference.js'

export interface BaseFamily {
  /** Which program `/bin/sh` is; undefined when it is not known. */
  readonly sh: 'dash' | 'bash' | 'busybox' | undefined
  readonly packages: 'apt' | 'rpm' | 'apk' | undefined
  /** The bare distribution or a language's official image: nothing of its own in odd places, starts in `/` as root. */
  readonly plain: boolean
  /** Repository without its registry, and the tag. */
  readonly name: string
  readonly tag: string
}

const unknown: BaseFamily = {sh: undefined, packages: undefined, plain: false, name: '', tag: ''}

const debianLike = new Set(['debian', 'ubuntu'])
/** Official images of languages, on Debian unless their tag says otherwise. */
const languages = new Set(['gcc', 'golang', 'julia', 'node', 'perl', 'python', 'ruby', 'rust', 'r-base', 'buildpack-deps'])
const rpmLike = new Set([
  'almalinux',
  'amazonlinux',
  'centos',
  'fedora',
  'leap',
  'opensuse',
  'oraclelinux',
  'rockylinux',
  'scientificlinux',
  'tumbleweed',
])

/** By the last part of the name: mirrors keep it (`registry.example.org/mirror/debian`). */
export function baseFamily(base: Base): BaseFamily {
  if (base.kind !== 'image' || base.reference.transport !== 'docker') return unknown
  const {repository, tag = ''} = parseDockerName(base.reference.name)
  const parts = repository.split('/')
  const last = parts.at(-1) ?? ''
  const official = parts.length === 1 || parts[0] === 'library'
  const common = {name: last, tag}
  if (last === 'alpine') return {...common, sh: 'busybox', packages: 'apk', plain: true}
  if (last === 'busybox') return {...common, sh: 'busybox', packages: undefined, plain: true}
  if (debianLike.has(last)) return {...common, sh: 'dash', packages: 'apt', plain: true}
  if (rpmLike.has(last)) return {...common, sh: 'bash', packages: 'rpm', plain: true}
  if (languages.has(last) && official) {
    const alpine = tag.includes('alpine')
    // WORKDIR is /go in golang; the others start in /.
    return {...common, sh: alpine ? 'busybox' : 'dash', packages: alpine ? 'apk' : 'apt', plain: last !== 'golang'}
  }
  if (/(^|-)ubuntu[\d.]*(-|$)/.test(tag)) return {...common, sh: 'dash', packages: 'apt', plain: false}
  return unknown
}

/** The family of the image at the bottom of a stage. */
export function familyOf(description: Description, stage: Stage): BaseFamily {
  const [first] = chainOf(description, stage)
  return first === undefined ? unknown : baseFamily(first.base)
}

/** True for a base in which a path outside of a distribution's own folders cannot be. */
export function bringsNothing(base: Base): boolean {
  if (base.kind === 'scratch') return true
  const family = baseFamily(base)
  return family.plain || family.name === 'golang'
}

/** The bare distribution, in which /usr/local is empty; images of languages have theirs there. */
export function isDistribution(base: Base): boolean {
  const {plain, name} = baseFamily(base)
  return plain && !languages.has(name)
}
