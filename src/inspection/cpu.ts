/** Which processors the image is for, as far as its files say. */
import {baseName} from '../model/paths.js'
import type {Row} from '../model/report.js'
import {type Facts, follow, type Topic} from './topic.js'

export interface Cpu {
  /** In Go's words. */
  readonly architecture?: string
  /** The highest level of x86-64 that a program says it cannot do without; compilers write it down only when asked to. */
  readonly level?: {readonly name: string; readonly by: string}
  /** Libraries for newer processors, used only where there is such a one. */
  readonly hwcaps: readonly {readonly level: string; readonly path: string}[]
}

/** In the order of what they ask for. */
export const LEVELS: readonly string[] = ['x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4']

/** Programs of every distribution: one of them tells the architecture where the image itself does not. */
const ORDINARY = ['/bin/sh', '/bin/busybox', '/usr/bin/env', '/bin/ls', '/usr/bin/python3']

/** That of an ordinary program, else of any: an image may hold libraries alone, or a few programs for something else. */
function architectureOf(facts: Facts, ordinary: readonly string[]): string | undefined {
  for (const path of [...ordinary, ...facts.programs.keys()]) {
    const program = facts.program(path)
    if (program?.kind === 'elf') return program.architecture
  }
  return undefined
}

export const cpu: Topic<Cpu> = {
  title: 'processors',
  wants: ({tree}) => ({programs: ORDINARY.flatMap(path => follow(tree, path)?.path ?? [])}),
  look(facts) {
    const ordinary = ORDINARY.flatMap(path => follow(facts.tree, path)?.path ?? [])
    let level: Cpu['level']
    for (const path of [...ordinary, ...facts.own]) {
      const program = facts.program(path)
      if (program?.kind !== 'elf') continue
      const rank = LEVELS.indexOf(program.level ?? '')
      if (program.level !== undefined && rank > LEVELS.indexOf(level?.name ?? '')) level = {name: program.level, by: path}
    }
    const architecture = facts.architecture ?? architectureOf(facts, ordinary)
    const hwcaps: {level: string; path: string}[] = []
    for (const {path, kind} of facts.entries) {
      if (kind === 'directory' && baseName(path) === 'glibc-hwcaps')
        for (const each of facts.tree.list(path)) hwcaps.push({level: each, path: `${path}/${each}`})
    }
    const rows: Row[] = [
      ...(architecture === undefined ? [] : [['architecture', architecture] satisfies Row]),
      // Any processor has the first level.
      ...(level === undefined || level.name === LEVELS[0]
        ? []
        : [['level', `${level.name}, wanted by ${level.by}`] satisfies Row]),
      ...hwcaps.slice(0, 10).map((each): Row => ['faster on', `${each.level} (${each.path})`]),
    ]
    return {
      data: {
        ...(architecture === undefined ? {} : {architecture}),
        ...(level === undefined ? {} : {level}),
        hwcaps: hwcaps.slice(0, 1000),
      },
      rows,
    }
  },
}
