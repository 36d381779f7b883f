/** What this machine says of itself. Nothing here fails: what a machine does not say is not known. */
import {readdir, readFile} from 'node:fs/promises'
import {release} from 'node:os'
import type {HostTexts} from '../model/host.js'
import {capture} from './processes.js'

/** A launcher that asks a batch system first may take its time. */
const PATIENCE = 10_000

function text(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined)
}

/** The C library that this program runs with. */
function glibcVersion(): string | undefined {
  // Otherwise the report looks up the names of all connections.
  Object.assign(process.report, {excludeNetwork: true})
  const report: unknown = process.report.getReport()
  if (typeof report !== 'object' || report === null || !('header' in report)) return undefined
  const {header} = report
  if (typeof header !== 'object' || header === null || !('glibcVersionRuntime' in header)) return undefined
  return typeof header.glibcVersionRuntime === 'string' ? header.glibcVersionRuntime : undefined
}

async function mpirunVersion(environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<string | undefined> {
  const env = Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
  try {
    const {lines, exitCode} = await capture(['mpirun', '--version'], {
      cwd: '/',
      env,
      signal: AbortSignal.any([signal, AbortSignal.timeout(PATIENCE)]),
    })
    return exitCode === 0 ? lines.slice(0, 100).join('\n') : undefined
  } catch {
    signal.throwIfAborted()
    return undefined
  }
}

/** @param architecture in Go's words */
export async function hostTexts(architecture: string, environment: NodeJS.ProcessEnv, signal: AbortSignal): Promise<HostTexts> {
  const [cpuinfo, nvidia, mpirun, binfmt] = await Promise.all([
    text('/proc/cpuinfo'),
    text('/proc/driver/nvidia/version'),
    mpirunVersion(environment, signal),
    readdir('/proc/sys/fs/binfmt_misc').catch(() => []),
  ])
  return {architecture, release: release(), cpuinfo: cpuinfo ?? '', glibc: glibcVersion(), nvidia, mpirun, binfmt, environment}
}
