/**
 * How many broken artifacts are caught, and when. Working inputs are really built; then one thing after another is
 * broken in the images that came out, and judged as a build would judge it. None of the inputs may raise an alarm
 * as long as nothing is broken. docs/verification.md has the table; SIFSTAGE_RECORD=table writes it anew.
 */
import {chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {openImage} from '../../src/library/open-image.js'
import type {Diagnostic} from '../../src/model/diagnostic.js'
import type {Image} from '../../src/model/image.js'
import {everyday} from '../support/cases.js'
import {bases, registry, root, workFolder} from '../support/engine.js'
import {openOptions} from '../support/images.js'
import {changed} from './image.js'
import {mutants} from './mutations.js'
import {type Tally, table} from './table.js'
import {typos} from './typos.js'
import {victimsOf} from './victims.js'
import {type Built, build, judge, misplaced} from './workbench.js'

const full = process.env['SIFSTAGE_TEST_FULL'] === '1'
const work = workFolder()
const context = join(work.path, 'context')
const signal = new AbortController().signal
const tallies = new Map<string, Tally>()
let alarms = 0
let judged = 0
let musl: Image

interface Case {
  readonly name: string
  readonly file: string
  readonly folder: string
  readonly flags: readonly string[]
}

const busybox = ['--base', `alpine:3.20=docker://${registry}/busybox`]
const gcc = ['--base', `gcc:12=docker://${registry}/gcc`]

function ownCases(folder: string, flags: Readonly<Record<string, readonly string[]>> = {}): Case[] {
  return readdirSync(folder)
    .filter(name => name.endsWith('.def') || name.endsWith('.Dockerfile'))
    .map(name => ({name: name.replace(/\.\w+$/, ''), file: name, folder, flags: flags[name] ?? []}))
}

const chosen = everyday(ownCases(join(root, 'test/mutation/cases')), 20)
const others: readonly Case[] = [
  {name: 'lab3', file: 'lab3.def', folder: join(root, 'examples/lab3'), flags: [...gcc, ...busybox]},
  {name: 'helloworld', file: 'Dockerfile', folder: join(root, 'examples/helloworld'), flags: [...gcc, ...busybox]},
  {name: 'href-counter', file: 'Dockerfile', folder: join(root, 'examples/href-counter'), flags: [...gcc, ...busybox]},
  {
    name: 'web',
    file: 'stages.yaml',
    folder: join(root, 'examples/web'),
    flags: ['--base', `debian:12-slim=docker://${registry}/debian`],
  },
  ...ownCases(join(root, 'test/conformance/definitions'), {
    'build-arguments.def': ['--build-arg', 'NAME=given', '--build-arg', 'DIR=/opt/given'],
    // Stages with %setup are in no store.
  }).filter(each => each.name !== 'setup-and-environment-files'),
]

/** What a step of a case takes away again after the copy. */
const removedLater = /^\/out\/answer\.tar → |^\/kit → /

/** One of several files that a pattern matches: nobody can tell that it was meant to be there. */
const unseen = /^(renamed|deleted): globs-and-links: /

function tally(name: string): Tally {
  const known = tallies.get(name) ?? {tried: 0, before: 0, stage: 0, finished: 0, warned: 0, never: []}
  tallies.set(name, known)
  return known
}

function keyOf({rule, severity, message}: Diagnostic): string {
  return `${severity} ${rule} ${message}`
}

/** Findings that the whole input does not have. */
function news(found: readonly Diagnostic[], baseline: readonly Diagnostic[]): Diagnostic[] {
  const known = new Set(baseline.map(keyOf))
  return found.filter(each => !known.has(keyOf(each)))
}

/** One thing after another, in the images of one case. */
async function breakAll(built: Built, what: string): Promise<void> {
  const finished = built.images.get(built.target.index)
  if (finished === undefined) throw new Error(`${built.name} has no finished image`)
  for (const producer of built.artifacts.keys()) {
    const image = built.images.get(producer)
    if (image === undefined) continue
    const [early, last] = [await judge(built, producer, {}), await judge(built, producer, {finished})]
    for (const victim of await victimsOf(built, producer, image, finished, signal)) {
      for (const mutant of mutants) {
        const mutation = mutant.make(victim)
        if (mutation === undefined) continue
        const count = tally(mutant.name)
        count.tried += 1
        const {producer: change, destination = []} = mutation
        const gone = (tree: Image) =>
          destination.flatMap(path => {
            const found = tree.tree.resolve(path)
            return found.kind === 'found'
              ? [
                  path,
                  found.entry.path,
                  ...found.through.filter(each => tree.tree.lookup(each)?.kind === 'symlink' && each.includes('.so')),
                ]
              : []
          })
        const stage = change === undefined ? image : changed(image, change)
        const names = new Set(destination.map(path => path.slice(path.lastIndexOf('/') + 1)))
        // A library that came with the copy is lost where it came from.
        const lost = [...stage.tree.below('/')].filter(
          entry =>
            names.has(entry.path.slice(entry.path.lastIndexOf('/') + 1)) && built.base?.tree.resolve(entry.path).kind !== 'found',
        )
        const base = mutation.musl ? musl : built.base === undefined ? undefined : changed(built.base, {remove: gone(built.base)})
        const broken = {index: producer, image: lost.length === 0 ? stage : changed(stage, {remove: lost.map(each => each.path)})}
        const found = news(await judge(built, producer, {stage: broken, base}), early)
        if (found.some(each => each.severity === 'error')) {
          count.stage += 1
          continue
        }
        const end = mutation.musl
          ? await victim.onto(musl)
          : changed(finished, {...victim.moved(change), remove: [...(victim.moved(change).remove ?? []), ...gone(finished)]})
        const late = news(await judge(built, producer, {stage: broken, base, finished: end}), last)
        if (late.some(each => each.severity === 'error')) count.finished += 1
        else if ([...found, ...late].some(each => each.severity === 'warning')) count.warned += 1
        else count.never.push(`${what}: ${victim.file.path}`)
      }
    }
  }
}

beforeAll(async () => {
  mkdirSync(context)
  mkdirSync(join(work.path, 'work/store'))
  chmodSync(join(work.path, 'work/store'), 0o777)
  cpSync(join(root, 'test/mutation/cases'), context, {recursive: true})
  work.write({
    'context/hello.c': '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n',
    'context/data/a.txt': 'a\n',
    'context/data/sub/b.txt': 'b\n',
    'context/data/.hidden': 'hidden\n',
    'context/name with blank': 'blank\n',
  })
  musl = await openImage(join(bases, 'musl/rootfs'), openOptions(join(work.path, 'work/store')))
})
afterAll(() => work.remove())

describe('a broken artifact', () => {
  it.each(full ? [...chosen, ...others] : chosen)('of $name', {timeout: 300_000}, async each => {
    const text = readFileSync(join(each.folder, each.file), 'utf8').replaceAll('REGISTRY', registry)
    // Those of a folder of their own bring their files.
    const cwd = each.folder.startsWith(join(root, 'examples')) ? join(work.path, `context/${each.name}`) : context
    if (cwd !== context) cpSync(each.folder, cwd, {recursive: true})
    writeFileSync(join(cwd, each.file), text)
    const {document, built, stderr} = await build(each.name, each.file, cwd, join(work.path, 'work/store'), each.flags)
    expect(document.status, stderr).toBe('ok')
    if (built === undefined) throw new Error(`${each.name} cannot be read`)
    const finished = built.images.get(built.target.index)
    if (finished === undefined) throw new Error(`${each.name} has no image of its target`)
    expect((await misplaced(built, finished)).filter(each => !removedLater.test(each))).toEqual([])
    // Whole, it raises no alarm, at no moment.
    const ruled = document.diagnostics.filter(found => found.rule.startsWith('artifact-') && found.severity !== 'info')
    for (const producer of built.artifacts.keys()) {
      judged += 1
      const early = await judge(built, producer, {})
      const last = await judge(built, producer, {finished})
      const false_ = [...early.filter(found => found.deferred !== true), ...last].filter(found => found.severity !== 'info')
      alarms += false_.length
      expect(false_.map(keyOf)).toEqual([])
    }
    expect(ruled).toEqual([])
    await breakAll(built, each.name)
    await typos(built, {file: each.file, cwd, flags: each.flags, text}, tally)
  })

  it('is caught', () => {
    const never = [...tallies].flatMap(([name, {never: missed}]) => missed.map(each => `${name}: ${each}`))
    const printed = table(tallies, {alarms, judged})
    if (process.env['SIFSTAGE_RECORD'] === 'table') writeFileSync(join(root, 'docs/mutations.md'), printed)
    expect(
      never.filter(each => !unseen.test(each)),
      printed,
    ).toEqual([])
  })
})
