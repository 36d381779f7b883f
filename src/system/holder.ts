/**
 * Which process holds something that others can see: a lease, a mark of use, a scratch folder. On this very machine it
 * can be told whether that process still lives; of another machine's nothing is known but its signs of life.
 */
import {createHash} from 'node:crypto'
import {readFileSync, readlinkSync} from 'node:fs'
import {hostname} from 'node:os'

export interface Holder {
  readonly host: string
  /** Number of this start of the kernel; empty where it is not told. */
  readonly boot: string
  /** The namespace that the pid counts in; empty where it is not told. */
  readonly namespace: string
  readonly pid: number
  /** Start time of the process: its pid may have been given out again. */
  readonly started: string
  /** The batch job, in words. */
  readonly job?: string
  /** When it began, by its own clock: for people only. */
  readonly since: string
}

/** Number of this start of the kernel. */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
  } catch {
    return ''
  }
}

/** The pid namespace that we are in; empty when `/proc` shows another one's processes than ours. */
function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self') === String(process.pid) ? readlinkSync('/proc/self/ns/pid') : ''
  } catch {
    return ''
  }
}

/** State and start time of a process in clock ticks (proc(5), fields 3 and 22). */
function processStat(pid: number): {readonly state: string; readonly started: string} | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return {state: fields[0] ?? '', started: fields[19] ?? ''}
  } catch {
    return undefined
  }
}

/** The Slurm job that we are part of, as people name it. */
function batchJob(environment: NodeJS.ProcessEnv): string | undefined {
  const {SLURM_ARRAY_JOB_ID: array, SLURM_ARRAY_TASK_ID: task, SLURM_JOB_ID: job} = environment
  if (array !== undefined && task !== undefined) return `Slurm job ${array}_${task}`
  return job === undefined ? undefined : `Slurm job ${job}`
}

/** This process. */
export function ownHolder(environment: NodeJS.ProcessEnv = process.env): Holder {
  const job = batchJob(environment)
  return {
    host: hostname(),
    boot: bootId(),
    namespace: pidNamespace(),
    pid: process.pid,
    started: processStat(process.pid)?.started ?? '',
    ...(job === undefined ? {} : {job}),
    since: new Date().toISOString(),
  }
}

/** This process in a few characters of a file's name: `MACHINE-PID-START`. */
export function holderTag(): string {
  const {boot, namespace, pid, started} = ownHolder()
  return `${machineTag(boot, namespace)}-${pid}-${started}`
}

function machineTag(boot: string, namespace: string): string {
  return createHash('sha256').update(`${boot} ${namespace}`).digest('hex').slice(0, 8)
}

/** Whether a tag is that of a process of this machine that is dead for sure. */
export function isTagOfDead(tag: string): boolean {
  const [machine, pid, started = ''] = tag.split('-')
  const own = ownHolder()
  return machine === machineTag(own.boot, own.namespace) && fateOf({...own, pid: Number(pid), started}) === 'dead'
}

/** A holder that was written by another process; undefined when it is none. */
export function asHolder(value: unknown): Holder | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const fields: Record<string, unknown> = {...value}
  const text = (name: string) => (typeof fields[name] === 'string' ? fields[name] : '')
  const {pid, job} = fields
  if (typeof pid !== 'number' || !Number.isInteger(pid) || pid < 1) return undefined
  return {
    host: text('host'),
    boot: text('boot'),
    namespace: text('namespace'),
    pid,
    started: text('started'),
    ...(typeof job === 'string' ? {job} : {}),
    since: text('since'),
  }
}

/** Whether a holder's pid means to us what it means to it. */
function isOfThisMachine(holder: Holder): boolean {
  const boot = bootId()
  const namespace = pidNamespace()
  return boot !== '' && namespace !== '' && holder.boot === boot && holder.namespace === namespace
}

/** What is known of a holder: `unknown` of another machine, container or start of this one. */
export function fateOf(holder: Holder): 'alive' | 'dead' | 'unknown' {
  if (!isOfThisMachine(holder)) return 'unknown'
  const stat = processStat(holder.pid)
  // Ended, and only its parent has not heard of it yet.
  if (stat !== undefined) return stat.started === holder.started && !/[ZX]/.test(stat.state) ? 'alive' : 'dead'
  try {
    // Other users' processes may be hidden in /proc (hidepid).
    process.kill(holder.pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? 'dead' : 'alive'
  }
  return 'alive'
}

/** A holder for a person: `pid 77 on node3, Slurm job 12_4, since 2026-01-01 10:00:00 UTC`. */
export function showHolder(holder: Holder): string {
  const since = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(holder.since)
  return [
    `pid ${holder.pid} on ${printable(holder.host) || 'another machine'}`,
    ...(holder.job === undefined ? [] : [printable(holder.job)]),
    ...(since === null ? [] : [`since ${since[1]} ${since[2]} UTC`]),
  ].join(', ')
}

/** What others wrote goes to a terminal. */
function printable(text: string): string {
  return text.replace(/[^\w .:-]/g, '?').slice(0, 100)
}
