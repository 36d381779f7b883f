/** NVIDIA's CUDA in an image: its runtime, and what it wants of the machine's driver. */
import {baseName} from '../model/paths.js'
import type {Row} from '../model/report.js'
import type {Topic} from './topic.js'
import {newest} from './versions.js'

export interface Cuda {
  /** Of the runtime or toolkit, as exactly as a file says it. */
  readonly version?: string
  readonly runtimes: readonly string[]
  readonly toolkits: readonly {readonly path: string; readonly version: string}[]
  /** The oldest driver that the version works with. */
  readonly driver?: string
}

/** Oldest Linux drivers by the first CUDA version that needs them, newest first (NVIDIA's CUDA release notes, minor version compatibility). */
const DRIVERS: readonly (readonly [cuda: number, driver: string])[] = [
  [13, '580'],
  [12, '525'],
  [11.1, '450.80'],
  [11, '450.36'],
  [10.2, '440.33'],
  [10.1, '418.39'],
  [10, '410.48'],
  [9.2, '396.26'],
  [9.1, '390.46'],
  [9, '384.81'],
  [8, '375.26'],
]

/** The oldest driver for a version of CUDA; undefined for one that is older than all that is known. */
export function driverFor(cuda: string): string | undefined {
  const number = Number(/^\d+(\.\d+)?/.exec(cuda)?.[0] ?? '0')
  return DRIVERS.find(([from]) => number >= from)?.[1]
}

/** `/usr/local/cuda-12.2/version.json`, also of a toolkit that lies elsewhere. */
const VERSION_FILE = /\/cuda[^/]*\/version\.(json|txt)$/
const RUNTIME = /^libcudart\.so\.(\d+(?:\.\d+)*)$/

/** The toolkit's version in one of its two kinds of file. */
export function toolkitVersion(text: string): string | undefined {
  return (/"cuda"\s*:\s*\{[^}]*"version"\s*:\s*"([\d.]+)"/.exec(text) ?? /^CUDA Version ([\d.]+)/m.exec(text))?.[1]
}

export const cuda: Topic<Cuda> = {
  title: 'CUDA',
  wants({entries}) {
    const texts: string[] = []
    for (const {path, kind} of entries) if (texts.length < 20 && kind === 'file' && VERSION_FILE.test(path)) texts.push(path)
    return {texts}
  },
  look(facts) {
    const runtimes: string[] = []
    const toolkits: {path: string; version: string}[] = []
    for (const {path, kind} of facts.entries) {
      // A link to it would count it twice.
      if (kind === 'file' && RUNTIME.test(baseName(path)) && runtimes.length < 100) runtimes.push(path)
      const version = VERSION_FILE.test(path) ? toolkitVersion(facts.text(path) ?? '') : undefined
      if (version !== undefined) toolkits.push({path, version})
    }
    // A toolkit's file is exact; the runtime's name says two or three numbers, of a Python wheel one.
    const version =
      newest(toolkits.map(each => each.version)) ?? newest(runtimes.flatMap(path => RUNTIME.exec(baseName(path))?.[1] ?? []))
    const driver = version === undefined ? undefined : driverFor(version)
    const rows: Row[] =
      version === undefined
        ? []
        : [
            ['CUDA', version, driver === undefined ? '' : `for drivers from ${driver} on`],
            ...runtimes.slice(0, 5).map((path): Row => ['runtime', path]),
          ]
    return {
      data: {
        ...(version === undefined ? {} : {version}),
        runtimes,
        toolkits,
        ...(driver === undefined ? {} : {driver}),
      },
      rows,
    }
  },
}
