/** All that the steps of a stage, and of those it starts from, say that they make, in their order. */
import {basename} from 'node:path/posix'
import {hasWildcard} from '../../language/globs.js'
import {absolutePath, rootedPath} from '../../language/paths.js'
import type {RanCommand} from '../../language/shell-walk.js'
import {chainOf} from '../../language/stages.js'
import type {Scene} from '../../model/check.js'
import type {CopyStep, Description, RunStep, Stage} from '../../model/description.js'
import {plainText} from '../../model/template.js'
import {bringsNothing, isDistribution} from '../bases.js'
import {placeIn, type RanStep, stageScript} from '../scripts.js'
import {accountsFor, type Claim, isBelow} from './claims.js'
import {claimsOf} from './tools.js'
import type {Workshop} from './use.js'

export interface Effects {
  readonly stage: Stage
  readonly claims: readonly Claim[]
  /** False where the base may hold anything anywhere. */
  readonly bare: boolean
}

/** Folders that a base has, or a package may fill. */
const ofBases = [
  '/usr',
  '/bin',
  '/sbin',
  '/lib',
  '/lib32',
  '/lib64',
  '/libx32',
  '/etc',
  '/var',
  '/run',
  '/boot',
  '/dev',
  '/proc',
  '/sys',
  '/tmp',
  '/home',
  '/.singularity.d',
  '/go',
]

/** Longer chains of stages are not followed: nobody writes them. */
const longestChain = 50

const known = new WeakMap<Description, {readonly scene: Scene; readonly effects: Map<number, Effects>}>()

export function effectsOf(description: Description, stage: Stage, scene: Scene): Effects {
  let cache = known.get(description)
  if (cache === undefined || cache.scene !== scene) {
    cache = {scene, effects: new Map()}
    known.set(description, cache)
  }
  const found = cache.effects.get(stage.index)
  if (found !== undefined) return found
  const effects = collect(description, stage, scene)
  cache.effects.set(stage.index, effects)
  return effects
}

function collect(description: Description, stage: Stage, scene: Scene): Effects {
  const chain = chainOf(description, stage)
  const [first] = chain
  const bare = first !== undefined && bringsNothing(first.base)
  if (chain.length > longestChain) return {stage, claims: [{kind: 'anything'}], bare: false}
  const except = first !== undefined && isDistribution(first.base) ? ['/usr/local'] : []
  const claims: Claim[] = first?.base.kind === 'scratch' ? [] : ofBases.map(path => ({kind: 'tree', path, except}))
  const workshop: Workshop = {prefixes: new Set()}
  for (const each of chain) {
    for (const one of stageScript(description, each).steps) {
      if (one.kind === 'run') claims.push(...runClaims(one, workshop))
      else if (one.step.kind === 'copy') claims.push(...copyClaims(one.step, one.folder, scene))
      else if (one.step.kind === 'workdir')
        claims.push(one.folder === undefined ? {kind: 'anything'} : {kind: 'folder', path: one.folder})
      // A build tool is told by a variable where to put things.
      else if (one.step.kind === 'env' && one.step.variables.some(({name}) => movesOutput.test(name)))
        claims.push({kind: 'anything'})
      else if (one.step.kind === 'arg' && movesOutput.test(one.step.name)) claims.push({kind: 'anything'})
    }
  }
  // A stage of so many steps is a machine's; what it makes is not worth a guess.
  if (claims.length > mostClaims) return {stage, claims: [{kind: 'anything'}], bare: false}
  const bundles = claims.some(claim => claim.kind === 'output' && claim.tool === 'bundle')
  return {stage, claims: bundles ? claims.filter(claim => claim.kind !== 'tree' || claim.weak !== true) : claims, bare}
}

const mostClaims = 5000

const movesOutput =
  /^(CARGO_TARGET_DIR|CARGO_BUILD_TARGET|CARGO_BUILD_TARGET_DIR|GOBIN|GOPATH|DESTDIR|INSTALL_PREFIX|PYTHONUSERBASE|CMAKE_INSTALL_PREFIX|CMAKE_TOOLCHAIN_FILE)$/

function runClaims(step: RanStep, workshop: Workshop): Claim[] {
  if (step.step.where === 'host') return /ROOTFS/.test(step.text) ? [{kind: 'anything'}] : []
  if (!step.readable) return [{kind: 'anything'}]
  const mounts = mountClaims(step.step, step.folder)
  const claims: Claim[] = []
  for (const ran of step.ran) {
    const made = claimsOf(ran, workshop, placeIn(step, ran.command))
    claims.push(...made)
    if (made.some(claim => claim.kind === 'file' && /^\/etc\/(apt\/sources|yum\.repos|zypp)/.test(claim.path)) || setsOutput(ran))
      claims.push({kind: 'anything'})
  }
  // What is written below a mount is not in the image.
  if (mounts.length === 0) return claims
  const kept = claims.map((claim): Claim => {
    if (claim.kind !== 'file' && claim.kind !== 'folder' && claim.kind !== 'tree') return claim
    return mounts.some(mount => isBelow(claim.path, mount.path)) ? {kind: 'folder', path: mountPoint(mounts, claim.path)} : claim
  })
  return [...kept, ...mounts]
}

/** A variable that tells a build tool where to put things, set for the commands behind it. */
function setsOutput({program, argv, assigned}: RanCommand): boolean {
  if (program === 'export') return argv.some(each => movesOutput.test(each.raw.split('=')[0] ?? ''))
  return argv.length === 0 && assigned.some(each => movesOutput.test(each.name))
}

function mountPoint(mounts: readonly Extract<Claim, {kind: 'mounted'}>[], path: string): string {
  return mounts.find(mount => isBelow(path, mount.path))?.path ?? path
}

function mountClaims(step: RunStep, folder: string | undefined): Extract<Claim, {kind: 'mounted'}>[] {
  return (step.mounts ?? []).flatMap(mount => {
    if (mount.kind !== 'bind' && mount.kind !== 'cache' && mount.kind !== 'tmpfs') return []
    const target = plainText(mount.target)
    if (target === undefined || (!target.startsWith('/') && folder === undefined)) return []
    const path = absolutePath(folder ?? '/', target)
    return path === '/' ? [] : [{kind: 'mounted' as const, path, mount: mount.kind, span: mount.span}]
  })
}

function copyClaims(step: CopyStep, folder: string | undefined, scene: Scene): Claim[] {
  const texts = step.sources.map(source => plainText(source.path))
  if (step.destination === undefined) {
    return texts.map(text => {
      if (text === undefined || hasWildcard(text)) return {kind: 'anything'}
      return {kind: 'tree', path: absolutePath('/', text)}
    })
  }
  const written = plainText(step.destination.path)
  if (written === undefined || (!written.startsWith('/') && folder === undefined)) return [{kind: 'anything'}]
  const path = absolutePath(folder ?? '/', written)
  if (step.from.kind !== 'context' || step.from.folder !== undefined || step.unpack !== undefined || step.parents)
    return [{kind: 'tree', path}]
  if (texts.some(text => text === undefined || hasWildcard(text) || /[$`~{]/.test(text))) return [{kind: 'tree', path}]
  const sources = texts.flatMap(text => (text === undefined ? [] : step.rules === 'def' ? text : rootedPath(text)))
  return [
    {
      kind: 'context',
      path,
      // A source is a folder whose content arrives, or arrives itself, by its own name.
      exists: below =>
        sources.some(source => {
          const [first = '', ...rest] = below.split('/')
          const inside = scene.context.kind(`${source}/${below}`) !== undefined
          return inside || (basename(source) === first && scene.context.kind([source, ...rest].join('/')) !== undefined)
        }),
    },
  ]
}

export type Verdict =
  | {readonly kind: 'accounted'}
  | {readonly kind: 'removed'; readonly by: Extract<Claim, {kind: 'removed'}>}
  | {readonly kind: 'unaccounted'}

/** Whether the path is there at the end, as far as the steps tell. */
export function verdictOn({claims}: Effects, path: string): Verdict {
  let removed: Extract<Claim, {kind: 'removed'}> | undefined
  let accounted = false
  for (const claim of claims) {
    if (claim.kind === 'removed') {
      const gone = claim.contents ? path !== claim.path && isBelow(path, claim.path) : isBelow(path, claim.path)
      if (gone) removed = claim
    } else if (accountsFor(claim, path)) {
      accounted = true
      removed = undefined
    }
  }
  if (removed !== undefined) return {kind: 'removed', by: removed}
  return accounted ? {kind: 'accounted'} : {kind: 'unaccounted'}
}
