/**
 * Runs a program in a process group of its own, so that all of it can be ended, with a watchdog that ends the
 * group when we die ourselves, however that happens (design section 6).
 */
import {type ChildProcess, spawn} from 'node:child_process'
import {readdirSync, readFileSync} from 'node:fs'
import type {Readable} from 'node:stream'

/** A line longer than this is cut: an engine may print megabytes without a line end. */
const LONGEST_LINE = 16_384
/** Milliseconds between asking a group to end and ending it. */
const GRACE = 5_000

export interface ProcessRequest {
  readonly argv: readonly string[]
  readonly cwd?: string
  readonly env: Readonly<Record<string, string>>
  /** Text for standard input; without it the program reads end of file. */
  readonly input?: string
  /** An open file handed on as descriptor 3. */
  readonly descriptor?: number
  /** `isOver`: a carriage return ended it, so that the next one is written over it. */
  readonly onLine?: (line: string, isOver: boolean) => void
  /** Takes standard output as it is, instead of lines. */
  readonly onOutput?: (stream: Readable) => Promise<void>
  readonly signal?: AbortSignal
}

export interface ProcessResult {
  readonly exitCode: number | undefined
  readonly signal: string | undefined
}

/** Ends a process group; a group that is gone already is no error. */
function endGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch {
    // Gone, or all of it changed user: nothing more that we could do.
  }
}

/** Every process below `pid` right now, also those in sessions of their own (proc(5), `children`). */
function descendants(pid: number): number[] {
  const found: number[] = []
  const open = [pid]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    try {
      for (const task of readdirSync(`/proc/${at}/task`)) {
        const children = readFileSync(`/proc/${at}/task/${task}/children`, 'utf8')
          .split(' ')
          .filter(word => /^\d+$/.test(word))
          .map(Number)
        found.push(...children)
        open.push(...children)
      }
    } catch {
      // It has ended meanwhile, or the kernel does not tell.
    }
  }
  return found
}

function endAll(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // Gone already.
    }
  }
}

/** `kill -s`, since dash knows no `--` after `-TERM`. */
const WATCHDOG = [
  'read -r word && exit 0',
  'below() { for c in $(cat /proc/"$1"/task/*/children 2>/dev/null); do echo "$c"; below "$c"; done; }',
  'all=$(below "$1")',
  'kill -s TERM -- "-$1"',
  'sleep 1',
  'kill -s KILL -- "-$1" $all',
].join('\n')

/**
 * A small shell that waits on a pipe from us. A line on it means all went well; end of file without one means
 * that we are dead, and then the group and all below it die too.
 */
function watch(pid: number): ChildProcess {
  const watchdog = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', String(pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watchdog.on('error', () => {})
  watchdog.stdin?.on('error', () => {})
  watchdog.unref()
  return watchdog
}

/** Calls back once per line; carriage returns end a line too, so that progress bars do not pile up. */
function splitLines(stream: Readable, onLine: (line: string, isOver: boolean) => void): void {
  let rest = ''
  stream.setEncoding('utf8')
  const tell = (line: string, isOver: boolean) =>
    onLine(line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)} …` : line, isOver)
  stream.on('data', (chunk: string) => {
    // Lines and their ends by turns.
    const parts = (rest + chunk).split(/(\r\n|\n|\r)/)
    rest = parts.pop() ?? ''
    for (let at = 0; at < parts.length; at += 2) tell(parts[at] ?? '', parts[at + 1] === '\r')
    if (rest.length > LONGEST_LINE) {
      tell(rest, false)
      rest = ''
    }
  })
  stream.on('end', () => {
    if (rest !== '') tell(rest, false)
  })
}

/**
 * Runs a program to its end. Whatever it leaves running in its group is ended with it (K119).
 * @throws when it cannot be started, or after `signal` was aborted and the group is gone
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessResult> {
  const [file, ...args] = request.argv
  if (file === undefined) throw new Error('an empty command')
  request.signal?.throwIfAborted()
  const child = spawn(file, args, {
    ...(request.cwd === undefined ? {} : {cwd: request.cwd}),
    env: {...request.env},
    detached: true,
    stdio: [
      request.input === undefined ? 'ignore' : 'pipe',
      'pipe',
      'pipe',
      ...(request.descriptor === undefined ? [] : [request.descriptor]),
    ],
  })
  const {pid} = child
  const exited = new Promise<ProcessResult>((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve({exitCode: code ?? undefined, signal: signal ?? undefined}))
  })
  if (pid === undefined) {
    await exited
    throw new Error(`${file} could not be started`)
  }
  const watchdog = watch(pid)
  let killer: NodeJS.Timeout | undefined
  let strays: readonly number[] = []
  const stop = () => {
    strays = descendants(pid)
    endGroup(pid, 'SIGTERM')
    killer = setTimeout(() => endGroup(pid, 'SIGKILL'), GRACE)
  }
  request.signal?.addEventListener('abort', stop, {once: true})
  const ignore = () => {}
  const onLine = request.onLine ?? ignore
  const {stdout, stderr, stdin} = child
  stdin?.on('error', ignore)
  stdin?.end(request.input)
  let output: Promise<void> = Promise.resolve()
  if (stdout) {
    if (request.onOutput) output = request.onOutput(stdout)
    else splitLines(stdout, onLine)
  }
  // A rejection is awaited below, after the child has ended.
  output.catch(ignore)
  if (stderr) splitLines(stderr, onLine)
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  try {
    const result = await exited
    endGroup(pid, 'SIGKILL')
    endAll(strays)
    // A process that left the group may hold the pipes for ever; what it prints is not ours.
    let patience: NodeJS.Timeout | undefined
    if (request.onOutput) await output
    await Promise.race([closed, new Promise<void>(resolve => (patience = setTimeout(resolve, 2_000)))])
    clearTimeout(patience)
    request.signal?.throwIfAborted()
    return result
  } finally {
    clearTimeout(killer)
    request.signal?.removeEventListener('abort', stop)
    stdout?.destroy()
    stderr?.destroy()
    watchdog.stdin?.end('done\n')
  }
}

/** What a short command prints, and how it ended; never rejects for a failing command. */
export async function capture(
  argv: readonly string[],
  options: Omit<ProcessRequest, 'argv' | 'onLine' | 'onOutput'>,
): Promise<ProcessResult & {readonly lines: readonly string[]}> {
  const lines: string[] = []
  const result = await runProcess({...options, argv, onLine: line => lines.push(line)})
  return {...result, lines}
}
