/** Which moments something is killed at, and the table of what was found afterwards. */

export const VERBS = ['build', 'steps', 'publish', 'pull', 'prune'] as const
export type Verb = (typeof VERBS)[number]
export type Death = 'tool' | 'engine' | 'power'

/** Where what is pulled lies, with or without a stage that is built all the same; what is there when steps begin. */
const WAYS: Readonly<Record<Verb, readonly string[]>> = {
  build: [''],
  steps: ['from nothing', 'from a point'],
  publish: [''],
  pull: ['folder', 'registry', 'folder, left anew', 'registry, left anew'],
  prune: [''],
}

export interface Moment {
  readonly seed: number
  readonly verb: Verb
  readonly way: string
  readonly death: Death
}

export interface Aftermath {
  readonly moment: Moment
  /** What was going on when it was killed. */
  readonly at: string
  readonly lost: number
  /** Sentences of `cache verify` about damage that it dropped. */
  readonly damaged: readonly string[]
  readonly out: 'old' | 'new' | 'none'
  /** What is not as it must be. */
  readonly wrong: readonly string[]
}

/** A number each from 0 up: moments are spread over verbs, their ways and deaths the same way for every count. */
export function moments(count: number, first = 1, verbs: readonly Verb[] = VERBS): Moment[] {
  const deaths = ['power', 'tool', 'engine'] as const
  return Array.from({length: count}, (_, i) => {
    const [round, place] = [Math.floor(i / verbs.length), i % verbs.length]
    const verb = verbs[place] ?? 'build'
    const death = deaths[(round + place) % deaths.length] ?? 'tool'
    const way = WAYS[verb][round % WAYS[verb].length] ?? ''
    // Prune starts no engine.
    return {seed: first + i, verb, way, death: verb === 'prune' && death === 'engine' ? 'power' : death}
  })
}

/** Every verb in each of its ways. */
export function verbWays(verbs: readonly Verb[]): {readonly verb: Verb; readonly way: string}[] {
  return verbs.flatMap(verb => WAYS[verb].map(way => ({verb, way})))
}

/** The verbs that SIFSTAGE_VERBS names, else all. */
export function chosenVerbs(): readonly Verb[] {
  const named = process.env['SIFSTAGE_VERBS']?.split(',')
  return named === undefined ? VERBS : VERBS.filter(each => named.includes(each))
}

/** What the table in docs/kill-tests.md says. */
export function killTable(found: readonly Aftermath[]): string {
  const rows = new Map<string, Aftermath[]>()
  for (const each of found) {
    const {verb, way, death} = each.moment
    const row = `${[verb, ...(verb === 'pull' ? [way.split(',')[0]] : [])].join(', ')} | ${death}`
    rows.set(row, [...(rows.get(row) ?? []), each])
  }
  const number = (all: readonly Aftermath[], which: (each: Aftermath) => boolean) => String(all.filter(which).length)
  const line = (name: string, all: readonly Aftermath[]) =>
    `| ${[
      name,
      String(all.length),
      number(all, each => each.lost > 0),
      number(all, each => each.damaged.length > 0),
      number(all, each => each.out === 'old'),
      number(all, each => each.out === 'new'),
      number(all, each => each.wrong.length > 0),
    ].join(' | ')} |`
  const seeds = found.map(each => each.moment.seed)
  const verbs = process.env['SIFSTAGE_VERBS']
  const named = verbs === undefined ? '' : `SIFSTAGE_VERBS=${verbs} `
  return [
    '# Killed at random moments',
    '',
    `Made by \`${named}SIFSTAGE_RECORD=table SIFSTAGE_TEST_FULL=1 npx vitest run test/full/kill\` on ${new Date().toISOString().slice(0, 10)}, seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}.`,
    '',
    'A diamond of four stages with `-j 2`, Apptainer as the engine. `kill -9` of the tool or of a process of the engine at a',
    'random time, or a power cut at a random change of a file in the store or beside OUT: the tool is ended there, and what it',
    'had not synced is lost (test/support/power-cut.ts). *publish* builds the last stage and OUT alone, *prune* makes a full',
    'store small. *pull* builds on an empty store what another one has, a folder or a registry, in half of the moments with one',
    'stage that is built all the same; the next build has the other store in half of the moments. *steps* is a Dockerfile',
    'with a point after each step, begun with no points or with some: the next build has to go on after the furthest whole one.',
    'Afterwards `cache verify` has to find no damage, OUT has to be the old or the new image, and the',
    'next build has to succeed with the same stages and the same image as one from nothing, leaving no process, scratch, lock',
    'or half entry behind. One thing may stay for a minute after a power cut: a mark of use whose content was lost.',
    '',
    '| during | killed | moments | something was lost | damage found | OUT old | OUT new | wrong |',
    '|---|---|---|---|---|---|---|---|',
    ...[...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => line(name, all)),
    line('**all** | ', found),
    '',
  ].join('\n')
}
