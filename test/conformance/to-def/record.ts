/** BuildKit's answer to a case: what its image holds beyond the base, and what it does when it runs. */
import {createHash} from 'node:crypto'
import {existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {execa} from 'execa'
import {readTar} from '../../../src/images/tar.js'
import {type Case, layCase, withoutPlaces, wordsOf} from '../../support/cases.js'
import {accountOf, docker} from '../../support/docker.js'
import {type Changes, changes, type Tree, treeOf} from '../../support/trees.js'
import {baseOf} from './bases.js'

export interface Answer extends Changes {
  /** Version of the engine that answered. */
  readonly engine: string
  /** Of the case's text: an answer to another text is none. */
  readonly case: string
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly runs: readonly {readonly arguments: readonly string[]; readonly code: number; readonly stdout: string}[]
  /** BuildKit itself refuses. */
  readonly failed?: string
}

export const caseFolder = join(import.meta.dirname, 'cases')

export function caseDigest(each: Case): string {
  return createHash('sha256').update(each.text).digest('hex').slice(0, 16)
}

function answerFile(each: Case): string {
  return join(caseFolder, `${each.name}.buildkit.json`)
}

export function recordedAnswer(each: Case): Answer | undefined {
  const file = answerFile(each)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Answer) : undefined
}

export function writeAnswer(each: Case, answer: Answer): void {
  writeFileSync(answerFile(each), `${JSON.stringify(answer, null, 2)}\n`)
}

async function exported(argv: readonly string[], cwd: string): Promise<Tree> {
  const folder = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
  try {
    const file = join(folder, 'tree.tar')
    await execa('docker', ['buildx', 'build', ...argv, '--output', `type=tar,dest=${file}`], {cwd, stdin: 'ignore'})
    const {createReadStream} = await import('node:fs')
    return treeOf(await readTar(createReadStream(file)))
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

/** The tree of an image that the daemon has, or can fetch. */
async function imageTree(image: string, text = `FROM ${image}\n`): Promise<Tree> {
  const folder = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
  try {
    writeFileSync(join(folder, 'Dockerfile'), text)
    return await exported([folder], folder)
  } finally {
    rmSync(folder, {recursive: true, force: true})
  }
}

/** Of one that was built: a FROM would fire its triggers. */
function builtTree(image: string): Promise<Tree> {
  return imageTree(image, `FROM scratch\nCOPY --from=${image} / /\n`)
}

const baseTrees = new Map<string, Promise<Tree>>()

function baseTree(base: string): Promise<Tree> {
  const known = baseTrees.get(base)
  if (known !== undefined) return known
  const tree = (async () => {
    if (base === 'scratch') return new Map<string, string>()
    return imageTree(base)
  })()
  baseTrees.set(base, tree)
  return tree
}

/** What an image of the daemon holds beyond the case's base, says of itself, and does. */
export async function answerOf(tag: string, each: Case, whole?: Tree, engine = 'this one'): Promise<Answer> {
  const {files, removed} = changes(whole ?? (await builtTree(tag)), await baseTree(baseOf(each)))
  return {engine, case: caseDigest(each), files, removed, ...(await accountOf(tag, each))}
}

/** Builds and runs a case with the real BuildKit. The daemon's mirror of Docker Hub has to hold the bases (`pushBases`). */
export async function askBuildkit(each: Case): Promise<Answer> {
  const engine = (await docker('version', '--format', 'Docker {{.Server.Version}}')).stdout.trim()
  const folder = mkdtempSync(join(tmpdir(), 'sifstage-record-'))
  const tag = `sifstage-conformance:${caseDigest(each)}`
  try {
    layCase(each, folder, 'equivalent')
    const file = each.parts.has('equivalent') ? ['-f', 'Dockerfile.equivalent'] : []
    const options = wordsOf(each.parts.get('options')).flatMap(line => line.split(' '))
    const argv = [...file, '--network', 'none', '--provenance=false', ...options, 'context']
    let tree: Tree
    try {
      tree = await exported(argv, folder)
    } catch (error) {
      const text = String((error as {stderr?: string}).stderr ?? error)
      const failed = withoutPlaces(/ERROR: (?:failed to solve: )?(.*)/.exec(text)?.[1] ?? text.slice(-300))
      return {engine, case: caseDigest(each), files: {}, removed: [], env: {}, labels: {}, runs: [], failed}
    }
    await execa('docker', ['buildx', 'build', ...argv, '--load', '-t', tag], {cwd: folder, stdin: 'ignore'})
    return await answerOf(tag, each, tree, engine)
  } finally {
    await execa('docker', ['image', 'rm', '-f', tag], {reject: false, stdin: 'ignore'})
    rmSync(folder, {recursive: true, force: true})
  }
}
