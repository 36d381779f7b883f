import {describe, expect, it} from 'vitest'
import {Accountant} from '../../src/build/account.js'
import type {BuildResult} from '../../src/build/request.js'
import {ExitCode} from '../../src/model/errors.js'
import type {BuildEvent} from '../../src/model/ports.js'

const about = {input: 'a.def', target: 'final', engine: {name: 'apptainer', version: '1'}, diagnostics: []}

/** Events a second apart. */
function heard(events: readonly BuildEvent[]) {
  let now = Date.UTC(2026, 0, 2, 3, 4, 5)
  const seen: BuildEvent[] = []
  const accountant = new Accountant({emit: event => seen.push(event)}, () => now)
  for (const event of events) {
    accountant.emit(event)
    now += 1000
  }
  expect(seen).toEqual(events)
  return accountant
}

const start: BuildEvent = {event: 'build-start', input: 'a.def', target: 'final', stages: ['compiler', 'final']}

const built: BuildEvent[] = [
  start,
  {event: 'note', stage: 'compiler', severity: 'info', text: 'the file a.c has changed'},
  {event: 'stage-start', stage: 'compiler', key: 'sha256:1'},
  {event: 'step-start', stage: 'compiler', title: 'RUN make', line: 7},
  {event: 'step-log', stage: 'compiler', text: 'cc a.c'},
  {event: 'step-end', stage: 'compiler', title: 'RUN make', seconds: 2, ok: true},
  {event: 'artifact', stage: 'compiler', path: '/a', status: 'ok', wantedBy: ['final']},
  {event: 'stage-end', stage: 'compiler', status: 'built', seconds: 5},
]

describe('an account', () => {
  it('has times from the start of the build', () => {
    const account = heard(built).account(about, undefined)
    expect(account).toMatchObject({started: '2026-01-02T03:04:05.000Z', seconds: 8, status: 'stopped'})
    expect(account.stages).toEqual([
      {
        name: 'compiler',
        status: 'built',
        start: 2,
        end: 7,
        key: 'sha256:1',
        notes: ['the file a.c has changed'],
        steps: [{title: 'RUN make', line: 7, start: 3, seconds: 2, ok: true}],
        artifacts: [{path: '/a', wantedBy: ['final'], status: 'ok', matches: []}],
        tail: ['cc a.c'],
        hasMore: false,
      },
      {name: 'final', status: 'not-run', notes: [], steps: [], artifacts: [], tail: [], hasMore: false},
    ])
  })

  it('of a build that was stopped says in which stage', () => {
    const account = heard([...built, {event: 'stage-start', stage: 'final'}]).account(about, undefined)
    expect(account.stages.map(each => each.status)).toEqual(['built', 'stopped'])
    expect(account.stages[1]).toMatchObject({start: 8, end: 9})
  })

  it('takes from the result what no event tells', () => {
    const result: BuildResult = {
      stages: [
        {
          index: 0,
          name: 'compiler',
          status: 'failed',
          key: 'sha256:2',
          digest: undefined,
          seconds: 5,
          artifacts: [
            {path: '/a', matches: ['/a'], wantedBy: ['final'], status: 'failed', kind: 'file', bytes: 3, diagnostics: []},
          ],
          failure: {
            exitCode: ExitCode.failed,
            diagnostic: {
              rule: 'failed',
              severity: 'error',
              message: 'x',
              span: {file: 'a.def', start: {line: 1, column: 1}, end: {line: 1, column: 1}},
            },
            tail: [],
          },
          at: 0,
          log: '/store/logs/a.log',
        },
      ],
      output: undefined,
      outputFailure: undefined,
      seconds: 8,
    }
    const account = heard([...built, {event: 'build-end', status: 'failed', seconds: 8}]).account(about, result)
    expect(account).toMatchObject({status: 'failed', seconds: 8})
    expect(account.stages[0]).toMatchObject({
      key: 'sha256:2',
      log: '/store/logs/a.log',
      artifacts: [{path: '/a', status: 'failed', matches: ['/a'], kind: 'file', bytes: 3}],
    })
  })

  it('keeps the last lines alone, and no more of anything than is read', () => {
    const events = Array.from({length: 3000}, (_, i): BuildEvent[] => [
      {event: 'step-start', stage: 'compiler', title: `step ${i}`},
      {event: 'step-log', stage: 'compiler', text: `${i} ${'x'.repeat(10_000)}`},
      {event: 'note', stage: 'compiler', severity: 'info', text: 'y'.repeat(10_000)},
    ])
    const account = heard([start, ...events.flat()]).account(about, undefined)
    const [stage] = account.stages
    expect(stage?.tail).toHaveLength(40)
    expect(stage?.tail.at(-1)).toMatch(/^2999 x/)
    expect(stage?.hasMore).toBe(true)
    expect(JSON.stringify(account).length).toBeLessThan(100_000)
  })

  it('heeds no events that it does not know, and the path of a log where there is one', () => {
    const unknown = {event: 'base-fetch', stage: 'compiler', bytes: 1} as unknown as BuildEvent
    const end = {event: 'stage-end', stage: 'compiler', status: 'built', seconds: 1, log: '/store/logs/b.log'} as BuildEvent
    const [stage] = heard([start, unknown, end]).account(about, undefined).stages
    expect(stage).toMatchObject({status: 'built', start: 1, end: 2, log: '/store/logs/b.log'})
  })

  it('is none before a build has begun', () => {
    expect(heard([{event: 'note', severity: 'info', text: 'engine x'}]).hasBegun).toBe(false)
  })
})
