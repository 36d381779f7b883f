/** Mistakes in the text of the input: what `check` foretells, and what the image of the stage then shows. */
import {writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {verifyArtifacts} from '../../src/build/verify.js'
import {loadInput} from '../../src/library/input.js'
import type {Diagnostic} from '../../src/model/diagnostic.js'
import {artifactsOf, neededStages} from '../../src/plan/graph.js'
import type {Tally} from './table.js'
import type {Built} from './workbench.js'

interface Input {
  readonly file: string
  readonly cwd: string
  readonly flags: readonly string[]
  readonly text: string
}

/** `/opt/app` to a name that is not there: two letters changed places, or the folder is another. */
const mistakes: readonly (readonly [name: string, (path: string) => string | undefined])[] = [
  ['a typo in the copied path', path => (/\w\w$/.test(path) ? path.replace(/(\w)(\w)$/, '$2$1x') : undefined)],
  ['another folder in the copied path', path => (/^\/\w+\/./.test(path) ? path.replace(/^\/\w+/, '/elsewhere') : undefined)],
]

const signal = new AbortController().signal

async function read(input: Input, text: string): Promise<Awaited<ReturnType<typeof loadInput>>> {
  writeFileSync(join(input.cwd, input.file), text)
  const before = process.cwd()
  process.chdir(input.cwd)
  try {
    const values = (name: string) => input.flags.flatMap((flag, i) => (input.flags[i - 1] === name ? [flag] : []))
    return await loadInput(
      input.file,
      {json: false, base: values('--base'), 'build-arg': values('--build-arg')},
      'offline',
      'all',
    )
  } finally {
    process.chdir(before)
  }
}

export async function typos(built: Built, input: Input, tally: (name: string) => Tally): Promise<void> {
  const lines = input.text.split('\n')
  const baseline = await read(input, input.text)
  const known = new Set(baseline.diagnostics.map(({rule, span}) => `${rule} ${span.start.line}`))
  for (const [producer, artifacts] of built.artifacts) {
    for (const {requests} of artifacts) {
      for (const {source} of requests) {
        const {start, end} = source.span
        const line = lines[start.line - 1] ?? ''
        const written = line.slice(start.column - 1, end.column - 1)
        if (start.line !== end.line || !written.startsWith('/') || /[*?[{$"]/.test(written)) continue
        for (const [name, mistake] of mistakes) {
          const wrong = mistake(written.replace(/\/\.?$/, ''))
          if (wrong === undefined) continue
          const changed = [...lines]
          changed[start.line - 1] = line.slice(0, start.column - 1) + wrong + line.slice(end.column - 1)
          const loaded = await read(input, changed.join('\n'))
          const count = tally(name)
          count.tried += 1
          const foretold = loaded.diagnostics.some(({rule, span}) => !known.has(`${rule} ${span.start.line}`))
          if (foretold) count.before += 1
          else if ((await shown(built, producer, loaded)).some(each => each.severity === 'error')) count.stage += 1
          else count.never.push(`${built.name}: ${wrong}`)
        }
      }
    }
  }
  writeFileSync(join(input.cwd, input.file), input.text)
}

async function shown(built: Built, producer: number, loaded: Awaited<ReturnType<typeof loadInput>>): Promise<Diagnostic[]> {
  const image = built.images.get(producer)
  const stage = loaded.description?.stages[producer]
  if (loaded.description === undefined || image === undefined || stage === undefined) return [...loaded.diagnostics]
  const artifacts = artifactsOf(loaded.description, neededStages(loaded.description, built.target.index)).get(producer) ?? []
  const reports = await verifyArtifacts({
    producer: stage,
    image,
    artifacts,
    environment: new Map(),
    destinations: undefined,
    heed: found => found,
    signal,
  })
  return reports.flatMap(each => each.diagnostics)
}
