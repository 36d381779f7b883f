/** AMD's ROCm in an image. */

import type {ImageTree} from '../model/image.js'
import {baseName} from '../model/paths.js'
import type {Row} from '../model/report.js'
import type {Topic} from './topic.js'
import {newest} from './versions.js'

export interface Rocm {
  readonly version?: string
  /** HIP's runtime. */
  readonly runtimes: readonly string[]
}

function versionFiles(tree: ImageTree): string[] {
  return tree
    .list('/opt')
    .filter(name => name.startsWith('rocm'))
    .map(name => `/opt/${name}/.info/version`)
    .slice(0, 20)
}

export const rocm: Topic<Rocm> = {
  title: 'ROCm',
  wants: ({tree}) => ({texts: versionFiles(tree)}),
  look(facts) {
    const runtimes: string[] = []
    for (const {path, kind} of facts.entries)
      if (kind === 'file' && /^libamdhip64\.so\.\d/.test(baseName(path)) && runtimes.length < 100) runtimes.push(path)
    const version = newest(
      versionFiles(facts.tree).flatMap(path => /^\d+(\.\d+)+/.exec(facts.text(path)?.trim() ?? '')?.[0] ?? []),
    )
    const rows: Row[] = [
      ...(version === undefined ? [] : [['ROCm', version] satisfies Row]),
      ...runtimes.slice(0, 5).map((path): Row => ['runtime', path]),
    ]
    return {data: {...(version === undefined ? {} : {version}), runtimes}, rows}
  },
}
