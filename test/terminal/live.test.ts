/** The live view, on a terminal that shows what a person would see. */
import {EventEmitter} from 'node:events'
import fc from 'fast-check'
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest'
import type {BuildEvent} from '../../src/model/ports.js'
import {palette} from '../../src/reports/palette.js'
import {columnsOf} from '../../src/reports/visible.js'
import {type LiveView, liveView} from '../../src/terminal/live.js'
import {lookOf, showsUnicode} from '../../src/terminal/look.js'
import {Progress} from '../../src/terminal/state.js'
import {TestScreen} from '../support/screen.js'

/** A process whose signals are raised by the test. */
class Signals extends EventEmitter {
  readonly pid = 4711
  readonly sent: string[] = []
  onKill = () => {}
  kill(_: number, signal: string): void {
    this.sent.push(signal)
    this.onKill()
  }
}

class Stream extends EventEmitter {
  constructor(readonly screen: TestScreen) {
    super()
  }
  get columns(): number {
    return this.screen.columns
  }
  get rows(): number {
    return this.screen.rows
  }
  write(text: string): void {
    this.screen.write(text)
  }
}

interface Opened {
  readonly screen: TestScreen
  readonly view: LiveView
  readonly signals: Signals
  readonly stream: Stream
  emit(...events: readonly BuildEvent[]): void
  wait(milliseconds: number): void
}

const opened: LiveView[] = []

function open(columns: number, rows: number, {colour = false, unicode = true} = {}): Opened {
  const screen = new TestScreen(columns, rows)
  const stream = new Stream(screen)
  const signals = new Signals()
  const progress = new Progress()
  const look = lookOf(palette(colour), unicode)
  const view = liveView({stream, signals, progress, look, now: () => Date.now()})
  opened.push(view)
  return {
    screen,
    view,
    signals,
    stream,
    emit(...events) {
      for (const event of events) {
        progress.apply(event, Date.now())
        view.emit(event)
      }
    },
    wait: milliseconds => void vi.advanceTimersByTime(milliseconds),
  }
}

beforeEach(() => {
  vi.useFakeTimers({now: 1_000_000})
})
afterEach(() => {
  for (const view of opened.splice(0)) view.close()
  vi.useRealTimers()
})

/** Without what turns. */
const still = (lines: readonly string[]) => lines.map(line => line.replace(/^[\u2800-\u28ff]/, '*'))

const begin: BuildEvent = {
  event: 'build-start',
  input: 'app.def',
  target: 'final',
  stages: ['compiler', 'docs', 'final'],
  plan: [
    {stage: 'compiler', needs: [], expected: 40},
    {stage: 'docs', needs: []},
    {stage: 'final', needs: ['compiler', 'docs']},
  ],
}
const step = (stage: string, title: string, line?: number): BuildEvent => ({
  event: 'step-start',
  stage,
  title,
  at: 0,
  ...(line === undefined ? {} : {line}),
})
const log = (stage: string, text: string): BuildEvent => ({event: 'step-log', stage, text})
const artifact = (stage: string, path: string, status: 'ok' | 'failed'): BuildEvent => ({
  event: 'artifact',
  stage,
  path,
  status,
  wantedBy: ['final'],
})
const end = (stage: string, status: 'built' | 'cached' | 'failed', seconds = 7.3): BuildEvent => ({
  event: 'stage-end',
  stage,
  status,
  at: seconds,
  seconds,
})

describe('what is shown', () => {
  it('what runs with its line, its time beside the last one and its output; what waits, and for whom', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(
      begin,
      step('compiler', 'RUN make -j8', 12),
      log('compiler', 'cc -c a.c'),
      log('compiler', 'cc -c b.c'),
      end('docs', 'cached'),
    )
    wait(12_300)
    expect(still(screen.lines)).toEqual([
      'building final of app.def: 3 stages',
      '✓ docs      cached',
      '* compiler  12.3 s of about 40 s',
      '  RUN make -j8 (line 12)',
      '  │ cc -c a.c',
      '  │ cc -c b.c',
      '· final     waits for compiler',
      '1 of 3 done, 12.3 s',
    ])
    expect(screen.isCursorVisible).toBe(false)
    // Ours from here on, whatever becomes of the window.
    expect(screen.cursor).toEqual({x: 0, y: 2})
  })

  it('artifacts are ticked where they come from and where they go', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, step('compiler', 'build'), step('docs', 'build'), artifact('compiler', '/hello', 'ok'), end('compiler', 'built'))
    wait(100)
    expect(screen.lines).toContain('✓ compiler  built in 7.3 s  ✓ /hello')
    expect(screen.lines).toContain('· final     waits for docs  ✓ /hello')
  })

  it('why a stage is built stands behind it, and no line of its own', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, step('compiler', 'build'))
    emit({event: 'note', stage: 'compiler', severity: 'info', text: 'hello.c has changed', reason: true})
    wait(100)
    expect(screen.live[0]).toContain('0.1 s of about 40 s  (hello.c has changed)')
    emit(end('compiler', 'built'))
    wait(100)
    expect(screen.lines[1]).toBe('✓ compiler  built in 7.3 s  (hello.c has changed)')
  })

  it('an artifact that is missing has a line of its own, and is never cut', () => {
    const {screen, emit, view} = open(40, 24)
    const path = `/opt/${'long/'.repeat(10)}end`
    emit(begin, step('compiler', 'build'), artifact('compiler', path, 'failed'), end('compiler', 'failed', 4.4))
    view.close()
    expect(screen.history).toEqual([
      'building final of app.def: 3 stages',
      '✗ compiler  failed after 4.4 s',
      `  ✗ ${path}, wanted by final`,
    ])
  })

  it('a stage that another build runs waits without an expected time', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, {event: 'activity', stage: 'compiler', text: 'waiting for host b, job 7', waits: true})
    wait(3000)
    expect(still(screen.live.slice(0, 2))).toEqual(['* compiler  3.0 s', '  waiting for host b, job 7'])
  })

  it('40 columns: lines are cut, the line of the source stays', () => {
    const {screen, emit, wait} = open(40, 24)
    emit(begin, step('compiler', `RUN ${'configure --with-everything '.repeat(4)}`, 123), log('compiler', 'x'.repeat(300)))
    wait(1000)
    expect(still(screen.live)).toEqual([
      '* compiler  1.0 s of about 40 s',
      '  RUN configure --with-ever… (line 123)',
      `  │ ${'x'.repeat(34)}…`,
      '· docs      waits its turn',
      '· final     waits for compiler, docs',
      '0 of 3 done, 1.0 s',
    ])
  })

  it('without UTF-8: ASCII alone, also of names and output', () => {
    const {screen, emit, wait, view} = open(80, 24, {unicode: false})
    emit(begin, step('compiler', 'RUN écho'), log('compiler', '✅ 漢字 fertig'), end('docs', 'cached'))
    wait(100)
    expect(screen.live.join('\n')).toContain('| ? ?? fertig')
    view.close()
    expect(screen.writes.join('')).toMatch(/^[\x00-\x7f]*$/)
    expect(screen.history).toContain('+ docs      cached')
  })

  it.each([
    [{LC_ALL: 'C.UTF-8', LANG: 'C'}, true],
    [{LANG: 'de_DE.utf8'}, true],
    [{LC_ALL: 'C', LANG: 'de_DE.UTF-8'}, false],
    [{LC_CTYPE: 'POSIX', LANG: 'de_DE.UTF-8'}, false],
    [{LANG: 'de_DE.UTF-8', TERM: 'linux'}, false],
    [{}, false],
  ])('the locale %j shows more than ASCII: %s', (env, shows) => {
    expect(showsUnicode(env)).toBe(shows)
  })
})

describe('a screen that is too low', () => {
  const names = Array.from({length: 12}, (_, at) => `stage${at}`)
  const many: BuildEvent = {
    event: 'build-start',
    input: 'x',
    target: 'a',
    stages: names,
    plan: names.map(stage => ({stage, needs: []})),
  }

  it('shows what runs, and how many wait', () => {
    const {screen, emit, wait} = open(80, 8)
    emit(many, step('stage0', 'RUN a'), log('stage0', 'one'), log('stage0', 'two'), step('stage1', 'RUN b'))
    wait(200)
    expect(still(screen.live).map(line => line.replace(/\d+\.\d s/, 'T'))).toEqual([
      '* stage0   T',
      '  RUN a',
      '  │ two',
      '* stage1   T',
      '  RUN b',
      '… 10 waiting',
      '0 of 12 done, T',
    ])
  })

  it.each([1, 2, 3, 4, 5, 6])('%i rows are never too few', rows => {
    const {screen, emit, wait, view} = open(80, rows)
    emit(many, ...names.slice(0, 6).flatMap(name => [step(name, 'RUN a'), log(name, 'one')]))
    wait(3000)
    expect(screen.live.length).toBeLessThanOrEqual(Math.max(1, rows - 1))
    expect(screen.live.at(-1)).toContain('0 of 12 done')
    view.close()
    expect(screen.history.filter(line => line.includes('stopped after'))).toHaveLength(6)
    expect(screen.history.filter(line => line.includes('done,'))).toEqual([])
  })
})

describe('the terminal is left as it was', () => {
  it('at the end: the cursor is back, below what stays', () => {
    const {screen, emit, wait, view} = open(80, 24)
    emit(begin, step('compiler', 'build'), log('compiler', 'x'))
    wait(500)
    emit(end('compiler', 'built'), {event: 'build-end', status: 'failed', seconds: 8})
    view.close()
    expect(screen.lines).toEqual([
      'building final of app.def: 3 stages',
      '✓ compiler  built in 7.3 s',
      '1 built, 2 not run, 8.0 s',
    ])
    expect(screen).toMatchObject({isCursorVisible: true, folds: true, cursor: {x: 0, y: 3}})
    // What comes later is printed as it is.
    emit({event: 'note', severity: 'info', text: 'the store is kept to 1 GB'})
    expect(screen.lines.at(-1)).toBe('the store is kept to 1 GB')
  })

  it('when the process ends in the middle', () => {
    const {screen, emit, wait, signals} = open(80, 24)
    emit(begin, step('compiler', 'build'))
    wait(500)
    signals.emit('exit')
    expect(screen.lines).toEqual(['building final of app.def: 3 stages', '- compiler  stopped after 0.5 s'])
    expect(screen.isCursorVisible).toBe(true)
    expect(signals.eventNames()).toEqual([])
  })

  it('at Ctrl-Z; when it goes on, it is drawn anew below what the shell wrote', () => {
    const {screen, emit, wait, signals} = open(80, 24)
    emit(begin, step('compiler', 'build'))
    wait(500)
    signals.onKill = () => {
      expect(screen.isCursorVisible).toBe(true)
      expect(screen.live).toEqual([])
      screen.write('[1]+  Stopped\r\n$ fg\r\n')
    }
    signals.emit('SIGTSTP')
    expect(signals.sent).toEqual(['SIGTSTP'])
    signals.emit('SIGCONT')
    wait(200)
    expect(screen.lines.slice(0, 3)).toEqual(['building final of app.def: 3 stages', '[1]+  Stopped', '$ fg'])
    expect(screen.lines[3]).toMatch(/^\S compiler {2}0\.\d s/)
    expect(screen.isCursorVisible).toBe(false)
    expect(signals.listenerCount('SIGTSTP')).toBe(1)
  })

  it('also where Ctrl-Z stops nothing', () => {
    const {screen, emit, wait, signals} = open(80, 24)
    emit(begin, step('compiler', 'build'))
    signals.emit('SIGTSTP')
    wait(300)
    expect(screen.live[0]).toContain('compiler')
    expect(signals.listenerCount('SIGTSTP')).toBe(1)
  })

  it('a terminal that went away is written to no more', () => {
    const {screen, emit, wait, stream} = open(80, 24)
    emit(begin)
    stream.emit('error', new Error('EIO'))
    const count = screen.writes.length
    emit(step('compiler', 'build'))
    wait(1000)
    expect(screen.writes).toHaveLength(count)
  })
})

describe('drawing', () => {
  it.each(['folds', 'cuts'] as const)('a window of another size, on a terminal that %s lines: nothing is left over', kind => {
    const {screen, stream, emit, wait} = open(80, 24)
    emit(begin, step('compiler', `RUN ${'word '.repeat(30)}`, 5), log('compiler', 'y'.repeat(200)), end('docs', 'cached'))
    wait(300)
    for (const [columns, rows] of [
      [30, 24],
      [100, 24],
      [25, 6],
      [80, 24],
      [41, 4],
      [80, 24],
    ] as const) {
      screen.resize(columns, rows, kind)
      stream.emit('resize')
      wait(100)
      expect(screen.history.filter(line => line.includes('done,'))).toHaveLength(1)
      expect(screen.history.filter(line => /^\S compiler/.test(line))).toHaveLength(1)
      expect(screen.live.every(line => columnsOf(line) < columns)).toBe(true)
      expect(screen.live.length).toBeLessThan(Math.max(2, rows))
    }
  })

  it('writes once a frame, at most ten times a second, and only what changed', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, step('compiler', 'RUN make', 7))
    wait(100)
    const before = screen.writes.length
    for (let at = 0; at < 1000; at += 1) {
      emit(log('compiler', `line ${at}`))
      if (at % 100 === 0) wait(100)
    }
    expect(screen.writes.length - before).toBeLessThanOrEqual(10)
    const [first = '', second = ''] = screen.writes.slice(before)
    for (const each of [first, second]) expect(each).not.toContain('RUN make')
  })

  it('on the first row of the screen nothing of it is kept when it is drawn anew', () => {
    const {screen, emit, wait, view} = open(80, 24)
    screen.resize(80, 8, 'cuts')
    emit(begin, step('compiler', 'RUN make', 7), ...['a', 'b', 'c', 'd'].map(text => log('compiler', text)))
    for (let at = 0; at < 20; at += 1) {
      view.say(`line ${at}\n`)
      wait(500)
    }
    screen.resize(80, 7, 'folds')
    wait(3000)
    view.close()
    expect(screen.history.filter(line => line.includes('done,'))).toEqual([])
  })

  it('typed keys do no lasting harm', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, step('compiler', 'RUN make', 7))
    wait(500)
    screen.write('^C and more')
    wait(1100)
    expect(screen.live.join('\n')).not.toContain('and more')
  })

  it('notes, warnings and a status line stand above', () => {
    const {screen, emit, wait, view} = open(80, 24)
    emit(begin, step('compiler', 'build'), {event: 'note', stage: 'compiler', severity: 'warning', text: 'a\u001b[2Jb'})
    view.say('status: all is well\n')
    wait(100)
    expect(screen.lines.slice(1, 3)).toEqual(['[compiler] warning: ab', 'status: all is well'])
  })
})

describe('whatever is printed', () => {
  it('only what was written last of a line is shown; colours and titles are left out', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, step('compiler', 'build'))
    emit(
      log('compiler', ' 10 %\r 50 %\r100 %\r'),
      log('compiler', '\u001b[31mred\u001b[0m \u001b]0;title\u0007\u009b2Jtext \u001b]8;;http://a\u001b\\link'),
    )
    wait(100)
    expect(screen.live.slice(2, 4)).toEqual(['  │ 100 %', '  │ red text link'])
  })

  it('a progress bar takes one line', () => {
    const {screen, emit, wait} = open(80, 24)
    emit(begin, step('compiler', 'build'), log('compiler', 'fetching'))
    for (const text of ['10 %', '50 %', '100 %']) emit({event: 'step-log', stage: 'compiler', text, over: true})
    wait(100)
    expect(screen.live.slice(2, 4)).toEqual(['  │ fetching', '  │ 100 %'])
    // Its line end, alone in a chunk of output.
    emit(log('compiler', ''), log('compiler', 'done'))
    wait(100)
    expect(screen.live.slice(2, 5)).toEqual(['  │ fetching', '  │ 100 %', '  │ done'])
  })

  const hostile = fc.oneof(
    fc.string({unit: 'binary', maxLength: 200}),
    fc
      .array(
        fc.constantFrom(
          ...['\u001b', '\u009b', '\u0090', '[', ']', ']0;', '?25h', '2J', '99A', '999;1H', '\u0007', '\u001b\\', '\u009c', '\b'],
          ...['\r', '\n', '\t', '\u001bc', '\u001b(0', '\u001b7', '\u000e', '\u202e', '\u2028', '\u200d', '\ufe0f', '\u0301'],
          ...['✅', '⚡', '漢', '👩‍👩‍👧', '🇩🇪', '❤️', '\ud800', 'a', ' ', 'x'.repeat(90)],
        ),
        {maxLength: 40},
      )
      .map(parts => parts.join('')),
  )
  const events = fc.array(
    fc.oneof(
      fc.tuple(fc.constantFrom('compiler', 'docs', 'final'), hostile).map(([stage, text]) => log(stage, text)),
      fc.tuple(fc.constantFrom('compiler', 'docs', 'final'), hostile).map(([stage, text]) => step(stage, text, 3)),
      fc.tuple(fc.constantFrom('compiler', 'docs'), hostile).map(([stage, text]) => artifact(stage, text, 'ok')),
      fc.tuple(fc.constantFrom('compiler', 'docs'), hostile).map(([stage, text]) => artifact(stage, text, 'failed')),
      hostile.map((text): BuildEvent => ({event: 'activity', stage: 'docs', text})),
      hostile.map((text): BuildEvent => ({event: 'activity', text})),
      hostile.map((text): BuildEvent => ({event: 'note', severity: 'info', text})),
      fc.constantFrom(end('compiler', 'built'), end('docs', 'cached'), end('compiler', 'failed')),
    ),
    {maxLength: 12},
  )

  it('no line is wider than the screen, none is left over, and the cursor comes back', () => {
    fc.assert(
      fc.property(
        events,
        fc.integer({min: 1, max: 100}),
        fc.integer({min: 1, max: 30}),
        fc.boolean(),
        fc.boolean(),
        (all, columns, rows, colour, unicode) => {
          const {screen, emit, wait, view} = open(columns, rows, {colour, unicode})
          emit(begin)
          for (const event of all) {
            emit(event)
            wait(100)
            expect(screen.cursor.x).toBe(0)
            for (const line of screen.live) expect(columnsOf(line)).toBeLessThanOrEqual(Math.max(1, columns - 1))
            expect(screen.live.length).toBeLessThanOrEqual(Math.max(1, rows - 1))
          }
          view.close()
          expect(screen.live).toEqual([])
          expect(screen).toMatchObject({isCursorVisible: true, folds: true})
          expect(screen.cursor.x).toBe(0)
          expect(screen.history.filter(line => /^\d of 3 done, /.test(line))).toEqual([])
          opened.pop()
        },
      ),
      {numRuns: 300},
    )
  })
})
