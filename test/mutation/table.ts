/** The table of what is caught, as docs/mutations.md has it. */

export interface Tally {
  tried: number
  /** By `check`, before any build. */
  before: number
  /** As an error right after the stage. */
  stage: number
  /** As an error on the finished image, before OUT is written. */
  finished: number
  /** As a warning only. */
  warned: number
  never: string[]
}

export function table(
  tallies: ReadonlyMap<string, Tally>,
  {alarms, judged}: {readonly alarms: number; readonly judged: number},
): string {
  const rows = [...tallies].map(([name, {tried, before, stage, finished, warned, never}]) =>
    [name, tried, before, stage, finished, warned, never.length].join(' | '),
  )
  const sum = [...tallies.values()].reduce(
    (total, each) => ({
      tried: total.tried + each.tried,
      before: total.before + each.before,
      stage: total.stage + each.stage,
      finished: total.finished + each.finished,
      warned: total.warned + each.warned,
      never: total.never + each.never.length,
    }),
    {tried: 0, before: 0, stage: 0, finished: 0, warned: 0, never: 0},
  )
  return [
    '# What is caught, and when',
    '',
    'Made by `SIFSTAGE_RECORD=table SIFSTAGE_TEST_FULL=1 npx vitest run test/mutation` on ' +
      new Date().toISOString().slice(0, 10) +
      '.',
    'Working inputs are built with Apptainer; then one thing is broken in what came out, and judged as a build would.',
    '',
    '| broken | tried | before any build | right after its stage | on the finished image | as a warning | never |',
    '|---|---|---|---|---|---|---|',
    ...rows.map(row => `| ${row} |`),
    `| **all** | ${sum.tried} | ${sum.before} | ${sum.stage} | ${sum.finished} | ${sum.warned} | ${sum.never} |`,
    '',
    'What is never caught is a file that is gone while its pattern still matches others: nobody can tell that it was meant.',
    '',
    `False alarms: ${alarms}, in ${judged} stages with artifacts that nothing was broken in, each judged after its stage and on the finished image.`,
    '',
  ].join('\n')
}
