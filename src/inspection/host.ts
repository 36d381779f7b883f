/** Whether an image suits a machine: what can be told before it is started there. */
import type {HostTexts} from '../model/host.js'
import type {Remark} from '../model/report.js'
import {LEVELS} from './cpu.js'
import type {MpiFamily} from './mpi.js'
import type {Findings} from './topics.js'
import {compareVersions} from './versions.js'

export interface HostMpi {
  readonly family: MpiFamily
  readonly version?: string
  /** Where it was found. */
  readonly source: string
}

export interface Host {
  readonly architecture: string
  readonly kernel: string
  /** Of x86-64; undefined for other architectures. */
  readonly level: string | undefined
  readonly glibc: string | undefined
  readonly nvidiaDriver: string | undefined
  readonly mpi: readonly HostMpi[]
  /** Architectures whose programs it runs through an emulator. */
  readonly emulated: ReadonlySet<string>
}

/** What each level adds to the one before it, in the kernel's words (x86-64 psABI, "Microarchitecture levels"). */
const ADDED: readonly (readonly [level: string, flags: readonly string[]])[] = [
  ['x86-64-v2', ['cx16', 'lahf_lm', 'popcnt', 'pni', 'sse4_1', 'sse4_2', 'ssse3']],
  ['x86-64-v3', ['avx', 'avx2', 'bmi1', 'bmi2', 'f16c', 'fma', 'abm', 'movbe', 'xsave']],
  ['x86-64-v4', ['avx512f', 'avx512bw', 'avx512cd', 'avx512dq', 'avx512vl']],
]

/** The level of x86-64 that /proc/cpuinfo stands for: that of the weakest processor in it. */
export function cpuLevel(cpuinfo: string): string | undefined {
  const lines = [...new Set([...cpuinfo.matchAll(/^flags\s*:(.*)$/gm)].map(match => match[1] ?? ''))]
  if (lines.length === 0) return undefined
  const each = lines.map(line => new Set(line.trim().split(/\s+/)))
  let level = 'x86-64'
  for (const [next, flags] of ADDED) {
    if (!each.every(has => flags.every(flag => has.has(flag)))) break
    level = next
  }
  return level
}

/** `NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  …`, also of the open kernel module. */
export function nvidiaDriver(text: string): string | undefined {
  return /^NVRM version:.*?\s(\d{3,}\.\d+(?:\.\d+)?)\s/m.exec(text)?.[1]
}

/** The family and version that `mpirun --version` prints. */
export function mpirunVersion(text: string): {family: MpiFamily; version?: string} | undefined {
  const found = (family: MpiFamily, version: string | undefined) => (version === undefined ? {family} : {family, version})
  const open = /\(Open MPI\) v?(\d[\w.]*)|\(OpenRTE\) v?(\d[\w.]*)|Open MPI v?(\d[\w.]*)/.exec(text)
  if (open !== null) return found('Open MPI', open[1] ?? open[2] ?? open[3])
  const intel = /Intel\(R\) MPI Library.*?Version ([\d.]+)/s.exec(text)
  if (intel !== null) return found('Intel MPI', intel[1])
  if (/mvapich/i.test(text)) return found('MVAPICH', /mvapich2?[- ](\d[\w.]*)/i.exec(text)?.[1])
  if (/HYDRA|MPICH/i.test(text)) return found('MPICH', /^\s*Version:\s+(\d[\w.]*)/m.exec(text)?.[1])
  return undefined
}

/** MPIs that environment modules have loaded: `openmpi/4.1.5` in LOADEDMODULES, and the variables that they set. */
export function moduleMpi(environment: HostTexts['environment']): HostMpi[] {
  const found: HostMpi[] = []
  const patterns: readonly (readonly [RegExp, MpiFamily])[] = [
    [/^(?:.*\/)?open-?mpi\/(\d[\w.]*)/i, 'Open MPI'],
    [/^(?:.*\/)?cray-mpich\/(\d[\w.]*)/i, 'Cray MPICH'],
    [/^(?:.*\/)?mpich\/(\d[\w.]*)/i, 'MPICH'],
    [/^(?:.*\/)?mvapich2?\/(\d[\w.]*)/i, 'MVAPICH'],
    [/^(?:.*\/)?(?:intel-?mpi|impi|intel-oneapi-mpi)\/(\d[\w.]*)/i, 'Intel MPI'],
  ]
  for (const module of (environment['LOADEDMODULES'] ?? '').split(':')) {
    const hit = patterns.flatMap(([pattern, family]) => {
      const match = pattern.exec(module)
      return match === null ? [] : [{family, version: match[1] ?? ''}]
    })[0]
    if (hit !== undefined) found.push({...hit, source: `the module ${module}`})
  }
  if (found.length === 0 && environment['CRAY_MPICH_VERSION'])
    found.push({family: 'Cray MPICH', version: environment['CRAY_MPICH_VERSION'], source: 'CRAY_MPICH_VERSION'})
  if (found.length === 0 && environment['I_MPI_ROOT']) found.push({family: 'Intel MPI', source: 'I_MPI_ROOT'})
  return found
}

/** QEMU's names of machines to Go's. */
const QEMU: Readonly<Record<string, string>> = {
  aarch64: 'arm64',
  x86_64: 'amd64',
  i386: '386',
  arm: 'arm',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
}

/** Facts out of what a machine says. */
export function hostOf(texts: HostTexts): Host {
  const mpi = moduleMpi(texts.environment)
  const mpirun = texts.mpirun === undefined ? undefined : mpirunVersion(texts.mpirun)
  return {
    architecture: texts.architecture,
    kernel: /^\d+(\.\d+)*/.exec(texts.release)?.[0] ?? '0',
    level: texts.architecture === 'amd64' ? cpuLevel(texts.cpuinfo) : undefined,
    glibc: texts.glibc,
    nvidiaDriver: texts.nvidia === undefined ? undefined : nvidiaDriver(texts.nvidia),
    mpi: mpi.length > 0 || mpirun === undefined ? mpi : [{...mpirun, source: 'mpirun'}],
    emulated: new Set(texts.binfmt.flatMap(name => QEMU[name.replace(/^qemu-/, '')] ?? [])),
  }
}

type Comparison = (found: Findings, host: Host) => readonly Remark[]

const warning = (rule: string, message: string, hint?: string): Remark => ({
  rule,
  severity: 'warning',
  message,
  ...(hint === undefined ? {} : {hint}),
})

/** Programs that a machine runs besides those of its own architecture. */
const ALSO: Readonly<Record<string, readonly string[]>> = {amd64: ['386'], arm64: ['arm']}

const architecture: Comparison = ({cpu}, host) => {
  const image = cpu.architecture
  if (image === undefined || image === host.architecture || ALSO[host.architecture]?.includes(image) === true) return []
  const what = `the image is for ${image}, and this machine is ${host.architecture}`
  return [
    host.emulated.has(image)
      ? warning('host-architecture', `${what}: it runs through an emulator, many times slower`)
      : warning('host-architecture', `${what}: nothing in it can run here`, `Build it on a machine of ${host.architecture}.`),
  ]
}

const level: Comparison = ({cpu}, host) => {
  const rank = (name: string) => LEVELS.indexOf(name)
  if (cpu.level === undefined || host.level === undefined || rank(cpu.level.name) <= rank(host.level)) return []
  return [
    warning(
      'host-cpu-level',
      `${cpu.level.by} cannot do without ${cpu.level.name}, and this machine's processors are ${host.level}`,
      `Compile it for ${host.level}, or run it on newer nodes.`,
    ),
  ]
}

const kernel: Comparison = ({libc}, host) => {
  const needed = libc.glibc?.kernel
  if (needed === undefined || compareVersions(host.kernel, needed) >= 0) return []
  return [
    warning(
      'host-kernel',
      `the image's C library starts on Linux ${needed} and newer ("FATAL: kernel too old"), and this is ${host.kernel}`,
      'Take an older distribution as the base.',
    ),
  ]
}

const driver: Comparison = ({cuda}, host) => {
  if (cuda.version === undefined) return []
  if (host.nvidiaDriver === undefined)
    return [
      warning(
        'host-cuda-driver',
        `the image has CUDA ${cuda.version}, and no NVIDIA driver is loaded here`,
        'On a login node that is normal: run this on a node with GPUs. An image with CUDA runs with --nv.',
      ),
    ]
  if (cuda.driver === undefined || compareVersions(host.nvidiaDriver, cuda.driver) >= 0) return []
  return [
    warning(
      'host-cuda-driver',
      `the image has CUDA ${cuda.version}, which wants a driver from ${cuda.driver} on, and this machine's is ${host.nvidiaDriver}`,
      'Take an older CUDA as the base, or one with the compatibility package (cuda-compat).',
    ),
  ]
}

/** MPICH and what was made from it have one binary interface: a program runs with any of them. */
const isMpich = (family: MpiFamily) => family !== 'Open MPI'

function mpiWords(each: {readonly family: MpiFamily; readonly version?: string}): string {
  return each.version === undefined ? each.family : `${each.family} ${each.version}`
}

const mpiFamily: Comparison = ({mpi}, host) => {
  if (mpi.installations.length === 0 || host.mpi.length === 0) return []
  const fits = mpi.installations.some(image => host.mpi.some(each => isMpich(each.family) === isMpich(image.family)))
  const [image] = mpi.installations
  const [here] = host.mpi
  if (fits || image === undefined || here === undefined) return []
  return [
    warning(
      'host-mpi-family',
      `the image has ${mpiWords(image)}, and this machine has ${mpiWords(here)} (${here.source}): their binary interfaces differ, so the machine's cannot be bound into the image, nor start it over several nodes`,
      `Build the image with ${isMpich(here.family) ? 'MPICH' : 'Open MPI'}, or load another MPI here.`,
    ),
  ]
}

/** What is bound in from the machine is loaded with the image's C library. */
const glibc: Comparison = ({libc, cuda}, host) => {
  const own = libc.glibc?.version
  if (cuda.version === undefined || own === undefined || host.glibc === undefined || compareVersions(own, host.glibc) >= 0)
    return []
  return [
    warning(
      'host-glibc',
      `the image has glibc ${own} and this machine ${host.glibc}: libraries that --nv or --bind brings in from here may want a newer one than the image has`,
      'When a library asks for GLIBC_… that is not found, take a newer distribution as the base.',
    ),
  ]
}

const COMPARISONS: readonly Comparison[] = [architecture, level, kernel, driver, glibc, mpiFamily]

/** What on this machine does not suit the image: warnings, since it may be meant for another one. */
export function compareWithHost(found: Findings, host: Host): readonly Remark[] {
  return COMPARISONS.flatMap(each => each(found, host))
}
