/** Progress without a live view: which kind is told when, plain lines, JSON lines, a status line. */
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import {openWatch, progressMode} from '../../src/cli/progress.js'
import type {BuildEvent} from '../../src/model/ports.js'
import {palette} from '../../src/reports/palette.js'
import {printable} from '../../src/reports/visible.js'
import {about, duration, ofExpected} from '../../src/terminal/words.js'

const begin: BuildEvent = {
  event: 'build-start',
  input: 'app.def',
  target: 'final',
  stages: ['compiler', 'final'],
  plan: [
    {stage: 'compiler', needs: [], expected: 61.4},
    {stage: 'final', needs: ['compiler']},
  ],
}

beforeEach(() => {
  vi.useFakeTimers({now: Date.UTC(2026, 0, 1)})
})
afterEach(() => {
  vi.useRealTimers()
})

async function watch(mode: 'plain' | 'json') {
  let text = ''
  const stream = {
    write(chunk: string) {
      text += chunk
      return true
    },
  } as NodeJS.WriteStream
  const opened = await openWatch(mode, {stream, colours: palette(false), env: {}, now: () => Date.now()})
  return {...opened, lines: () => text.split('\n').slice(0, -1)}
}

describe('which kind', () => {
  it.each([
    ['auto', true, {TERM: 'xterm'}, 'tty'],
    ['auto', false, {TERM: 'xterm'}, 'plain'],
    ['auto', true, {TERM: 'dumb'}, 'plain'],
    ['auto', true, {NO_COLOR: '1'}, 'plain'],
    ['auto', true, {NO_COLOR: ''}, 'tty'],
    ['auto', true, {CI: 'true'}, 'plain'],
    ['auto', true, {CI: 'false'}, 'tty'],
    ['tty', false, {CI: '1', NO_COLOR: '1', TERM: 'dumb'}, 'tty'],
    ['plain', true, {}, 'plain'],
    ['json', true, {}, 'json'],
  ] as const)('--progress %s on a terminal (%s) with %j is %s', (asked, isTerminal, env, mode) => {
    expect(progressMode(asked, isTerminal, env)).toBe(mode)
  })
})

describe('plain lines', () => {
  it('tell the expected time at the start, the time of all at the end, and sum up', async () => {
    const {emit, lines} = await watch('plain')
    emit(begin)
    emit({event: 'step-start', stage: 'compiler', title: 'build', at: 0})
    emit({event: 'step-start', stage: 'compiler', title: 'read its metadata', at: 3})
    emit({event: 'stage-end', stage: 'compiler', status: 'built', at: 7.3, seconds: 7.3})
    emit({event: 'stage-end', stage: 'final', status: 'cached', at: 7.4, seconds: 0.1})
    emit({event: 'build-end', status: 'ok', seconds: 72})
    expect(lines()).toEqual([
      'building final of app.def: 2 stages',
      '[compiler] → build (the stage takes about 1 min)',
      '[compiler] → read its metadata',
      '[compiler] built in 7.3 s',
      '[final] cached: nothing that goes into it has changed',
      '1 built, 1 cached, 1 min 12 s',
    ])
  })

  it('a stage that began later says how long all of it takes', async () => {
    const {emit, lines} = await watch('plain')
    emit(begin)
    emit({event: 'stage-end', stage: 'final', status: 'failed', at: 100.04, seconds: 20})
    expect(lines().at(-1)).toBe('[final] failed, 1 min 40 s since the start')
  })

  it('what goes on besides steps is told when it takes long, and not after it is over', async () => {
    const {emit, lines} = await watch('plain')
    emit(begin)
    emit({event: 'activity', stage: 'compiler', text: 'packing its image'})
    emit({event: 'activity', stage: 'compiler', text: '%post', line: 4})
    vi.advanceTimersByTime(10_000)
    expect(lines()).toHaveLength(1)
    emit({event: 'activity', stage: 'compiler', text: 'packing its image'})
    vi.advanceTimersByTime(4_900)
    expect(lines()).toHaveLength(1)
    vi.advanceTimersByTime(200)
    expect(lines().at(-1)).toBe('[compiler] still packing its image')
    vi.advanceTimersByTime(60_000)
    expect(lines()).toHaveLength(2)
  })
})

describe('JSON lines', () => {
  it('hold to the events that are promised', async () => {
    const {emit, lines} = await watch('json')
    emit(begin)
    emit({event: 'activity', stage: 'compiler', text: 'packing its image'})
    emit({event: 'note', stage: 'compiler', severity: 'info', text: 'never built here', reason: true})
    emit({event: 'stage-end', stage: 'compiler', status: 'failed', at: 3, seconds: 2, log: '/store/logs/a.log'})
    expect(lines().map(line => JSON.parse(line))).toMatchObject([
      {event: 'build-start', time: '2026-01-01T00:00:00.000Z'},
      {event: 'step-log', stage: 'compiler', text: 'never built here'},
      {event: 'stage-end', log: '/store/logs/a.log', at: 3},
    ])
  })
})

describe('a status line', () => {
  it('before the build begins', async () => {
    const {status, lines} = await watch('plain')
    status()
    expect(lines()).toEqual(['status: the build has not begun; the input is read and checked'])
  })

  it('tells how long, how many, and what runs for how long', async () => {
    for (const mode of ['plain', 'json'] as const) {
      const {emit, status, lines} = await watch(mode)
      emit(begin)
      vi.advanceTimersByTime(1000)
      emit({event: 'step-start', stage: 'compiler', title: 'RUN make', at: 1, line: 12})
      vi.advanceTimersByTime(40_000)
      status()
      const text = 'status: 41.0 s; 0 of 2 stages done, 1 running, 1 waiting; compiler: RUN make (line 12), 40.0 s of about 1 min'
      const last = lines().at(-1) ?? ''
      if (mode === 'plain') expect(last).toBe(text)
      else
        expect(JSON.parse(last)).toMatchObject({
          event: 'step-log',
          text,
          status: {
            seconds: 41,
            stages: 2,
            done: 0,
            waiting: ['final'],
            running: [{stage: 'compiler', seconds: 40, expected: 61.4, doing: 'RUN make', line: 12}],
          },
        })
    }
  })
})

describe('words', () => {
  it.each([
    [0, '0.0 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 0 s'],
    [119.7, '2 min 0 s'],
    [3599.6, '1 h 0 min'],
    [7261, '2 h 1 min'],
  ])('%d seconds are %s', (seconds, text) => expect(duration(seconds)).toBe(text))

  it.each([
    [0.2, 'about 1 s'],
    [59, 'about 59 s'],
    [95, 'about 2 min'],
    [5400, 'about 1 h 30 min'],
  ])('%d seconds are %s', (seconds, text) => expect(about(seconds)).toBe(text))

  it('more than expected is said so', () => {
    expect(ofExpected(5, 40)).toBe('5.0 s of about 40 s')
    expect(ofExpected(50, 40)).toBe('50.0 s, last time about 40 s')
    expect(ofExpected(50, undefined)).toBe('50.0 s')
  })

  it.each([
    ['\u001b[1;31mred\u001b[0m', 'red'],
    ['\u009b31mred', 'red'],
    ['\u001b]0;title\u0007text', 'text'],
    ['\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['\u0090q#0\u009ctext', 'text'],
    // Without its end it would hide the rest of the line.
    ['\u001b]0;text', '\\u001b]0;text'],
    ['\u001bPtext', '\\u001bPtext'],
    ['\u001b(0lqk\u001b(B\u001bc', 'lqk'],
    ['a\tb\u0007\b', 'a  b\\u0007\\u0008'],
  ])('%j is printed as %j', (text, shown) => expect(printable(text)).toBe(shown))
})
