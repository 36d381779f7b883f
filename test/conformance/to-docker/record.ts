/** What BuildKit makes of a converted definition file: what its image holds beyond the base, and what it does when it runs. */
import {createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {readTar} from '../../../src/images/tar.js'
import {type Case, withoutPlaces} from '../../support/cases.js'
import {accountOf, docker} from '../../support/docker.js'
import {type Changes, changes, type Tree, treeOf} from '../../support/trees.js'
import {baseOf, caseFolder, convertCase, digestOf} from './convert.js'

export interface Answer extends Changes {
  /** Version of the engine that answered. */
  readonly engine: string
  /** Of the case's text and of the Dockerfile that was built: an answer to another text is none. */
  readonly case: string
  readonly dockerfile: string
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly runs: readonly {readonly arguments: readonly string[]; readonly code: number; readonly stdout: string}[]
  /** BuildKit refuses it, as Apptainer has to refuse the definition. */
  readonly failed?: string
}

function answerFile(each: Case): string {
  return join(caseFolder, `${each.name}.buildkit.json`)
}

export function recordedAnswer(each: Case): Answer | undefined {
  const file = answerFile(each)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Answer) : undefined
}

export function writeAnswer(each: Case, answer: Answer | undefined): void {
  if (answer === undefined) rmSync(answerFile(each), {force: true})
  else writeFileSync(answerFile(each), `${JSON.stringify(answer, null, 2)}\n`)
}

async function exported(argv: readonly string[], cwd: string): Promise<Tree> {
  const folder = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
  try {
    const file = join(folder, 'tree.tar')
    await execa('docker', ['buildx', 'build', ...argv, '--output', `type=tar,dest=${file}`], {cwd, stdin: 'ignore'})
    return treeOf(await readTar(createReadStream(file)))
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

const baseTrees = new Map<string, Promise<Tree>>()

function baseTree(base: string): Promise<Tree> {
  const known = baseTrees.get(base)
  if (known !== undefined) return known
  const tree = (async () => {
    if (base === 'scratch') return new Map<string, string>()
    const folder = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
    try {
      writeFileSync(join(folder, 'Dockerfile'), `FROM ${base}\n`)
      return await exported([folder], folder)
    } finally {
      rmSync(folder, {recursive: true, force: true})
    }
  })()
  baseTrees.set(base, tree)
  return tree
}

/** Undefined where the conversion is refused. The daemon's mirror of Docker Hub has to hold the bases (`pushBases`). */
export async function askBuildkit(each: Case): Promise<Answer | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
  const tag = `sifstage-conformance:${digestOf(each.text)}`
  try {
    const converted = await convertCase(each, folder)
    if (converted.kind === 'refused') return undefined
    const engine = (await docker('version', '--format', 'Docker {{.Server.Version}}')).stdout.trim()
    const who = {engine, case: digestOf(each.text), dockerfile: digestOf(converted.text)}
    const argv = ['--network', 'none', '--provenance=false', '-f', 'Dockerfile', 'context']
    let tree: Tree
    try {
      tree = await exported(argv, folder)
    } catch (error) {
      const text = String((error as {stderr?: string}).stderr ?? error)
      const failed = withoutPlaces(/ERROR: (?:failed to solve: )?(.*)/.exec(text)?.[1] ?? text.slice(-300))
      return {...who, files: {}, removed: [], env: {}, labels: {}, runs: [], failed}
    }
    await execa('docker', ['buildx', 'build', ...argv, '--load', '-t', tag], {cwd: folder, stdin: 'ignore'})
    const {files, removed} = changes(tree, await baseTree(baseOf(each)))
    return {...who, files, removed, ...(await accountOf(tag, each))}
  } finally {
    await execa('docker', ['image', 'rm', '-f', tag], {reject: false, stdin: 'ignore'})
    rmSync(folder, {recursive: true, force: true})
  }
}
