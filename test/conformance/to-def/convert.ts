/** A case converted by the command line, built by the real Apptainer, and compared with BuildKit's answer. */
import {execFileSync, spawn} from 'node:child_process'
import {chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {readTar} from '../../../src/images/tar.js'
import {type Case, layCase, wordsOf} from '../../support/cases.js'
import {asUser, root, user} from '../../support/engine.js'
import {changes, type Tree, treeOf} from '../../support/trees.js'
import {baseOf, testBases} from './bases.js'
import type {Answer} from './record.js'

export type Result =
  | {readonly kind: 'equal'; readonly text: string}
  | {readonly kind: 'refused'; readonly rules: readonly string[]; readonly messages: string}
  | {readonly kind: 'different'; readonly differences: readonly string[]; readonly text: string}

/** Folders of one run: `bases` holds OCI layouts, `work` is writable by the engine's user. */
export interface Workshop {
  readonly bases: string
  readonly work: string
}

export async function compareCase(each: Case, answer: Answer, shop: Workshop): Promise<Result> {
  const folder = join(shop.work, each.name.replaceAll('/', '-'))
  mkdirSync(folder)
  chmodSync(folder, 0o777)
  // The context is the caller's own, as everybody's is.
  layCase(each, folder, 'Dockerfile', (argv, cwd) => {
    if (user !== undefined) execFileSync('chown', ['-R', `${user}:`, cwd])
    const [command = '', ...rest] = user === undefined ? argv : [join(root, 'scripts/as-user.sh'), user, ...argv]
    execFileSync(command, rest, {cwd, stdio: ['ignore', 'inherit', 'inherit']})
  })
  const options = wordsOf(each.parts.get('options')).flatMap(line => line.split(' '))
  const converted = await execa(
    join(root, 'bin/sifstage'),
    ['convert', 'Dockerfile', '--to', 'def', '-o', '../x.def', '--json', ...options, ...baseFlags(each, shop)],
    {cwd: join(folder, 'context'), reject: false, stdin: 'ignore', env: {NO_COLOR: '1'}},
  )
  if (converted.exitCode !== 0) {
    if (answer.failed !== undefined) return {kind: 'equal', text: ''}
    if (converted.exitCode === 3) {
      const {diagnostics} = JSON.parse(converted.stdout) as {diagnostics: {severity: string; rule: string}[]}
      return {
        kind: 'refused',
        rules: diagnostics.filter(d => d.severity === 'error').map(d => d.rule),
        messages: converted.stderr,
      }
    }
    return {kind: 'different', differences: [`convert: exit ${converted.exitCode}: ${converted.stderr}`], text: ''}
  }
  const text = readFileSync(join(folder, 'x.def'), 'utf8')
  const image = join(folder, 'image')
  const built = await asUser(['apptainer', 'build', '--disable-cache', '--sandbox', image, '../x.def'], join(folder, 'context'))
  if (built.code !== 0) {
    if (answer.failed !== undefined) return {kind: 'equal', text}
    return {kind: 'different', differences: [`apptainer build: ${lastLines(built.stderr + built.stdout)}`], text}
  }
  if (answer.failed !== undefined) return {kind: 'different', differences: [`BuildKit refuses: ${answer.failed}`], text}
  const differences = await compareImage(image, each, answer, shop)
  return differences.length === 0 ? {kind: 'equal', text} : {kind: 'different', differences, text}
}

/** How a sandbox differs from what BuildKit made of the case. */
export async function compareImage(image: string, each: Case, answer: Answer, shop: Workshop): Promise<string[]> {
  const ours = changes(await treeIn(image), await baseTree(baseOf(each), shop))
  return [
    ...compareFiles(ours, answer),
    ...(await compareEnvironment(image, answer)),
    ...compareLabels(await inside(image, 'cat', '.singularity.d/labels.json'), answer),
    ...(await compareRuns(image, answer)),
  ]
}

export function baseFlags(each: Case, shop: Workshop): string[] {
  const dockerfile = each.parts.get('Dockerfile') ?? ''
  const options = each.parts.get('options') ?? ''
  return testBases
    .filter(base => new RegExp(`(FROM\\s+(--\\S+\\s+)?|from=|=)${base.name}(?![\\w-])`, 'i').test(`${dockerfile}\n${options}`))
    .flatMap(base => ['--base', `${base.name}=${join(shop.bases, base.name)}`])
}

const baseTrees = new Map<string, Promise<Tree>>()

/** What Apptainer makes of the base alone: owners, devices and its own files are as in every image of it. */
function baseTree(base: string, shop: Workshop): Promise<Tree> {
  const known = baseTrees.get(base)
  if (known !== undefined) return known
  const tree = (async () => {
    const definition = join(shop.work, `${base}.def`)
    const image = join(shop.work, `${base}.image`)
    writeFileSync(definition, base === 'scratch' ? 'Bootstrap: scratch\n' : `Bootstrap: oci\nFrom: ${join(shop.bases, base)}\n`)
    const built = await asUser(['apptainer', 'build', '--disable-cache', '--sandbox', image, definition], shop.work)
    if (built.code !== 0) throw new Error(built.stderr)
    return treeIn(image)
  })()
  baseTrees.set(base, tree)
  return tree
}

const namespace = ['unshare', '--map-root-user', '--map-auto']

async function treeIn(image: string): Promise<Tree> {
  const argv = [
    ...(user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]),
    ...namespace,
    'tar',
    '--create',
    '--sort=name',
    '--numeric-owner',
    '--format=pax',
    '--xattrs',
    '--xattrs-include=security.capability',
    '-C',
    image,
    '.',
  ]
  const child = spawn(argv[0] ?? '', argv.slice(1), {cwd: '/', stdio: ['ignore', 'pipe', 'inherit']})
  return treeOf(await readTar(child.stdout))
}

async function inside(image: string, ...argv: readonly string[]): Promise<string> {
  const [command = '', path = ''] = argv
  return (await asUser([...namespace, command, join(image, path)], '/')).stdout
}

/** Directories that Apptainer adds to every image are none of docker's (D110); what docker leaves there counts. */
const added = /^\/(root|tmp|var|var\/tmp|etc|home)$/

function compareFiles(ours: ReturnType<typeof changes>, answer: Answer): string[] {
  const found: string[] = []
  for (const [path, line] of Object.entries(answer.files)) {
    const got = ours.files[path]
    if (got === undefined && !(added.test(path) && line.startsWith('directory'))) found.push(`missing ${path} (docker: ${line})`)
    else if (got !== undefined && got !== line && !lostOwner(path, got, line)) found.push(`${path}: ${got}, docker: ${line}`)
  }
  for (const [path, line] of Object.entries(ours.files))
    if (answer.files[path] === undefined) found.push(`extra ${path} (${line})`)
  for (const path of answer.removed) if (!ours.removed.includes(path)) found.push(`not removed: ${path}`)
  for (const path of ours.removed) if (!answer.removed.includes(path)) found.push(`removed: ${path}`)
  return found
}

/** D55: files of a base image lose their group on the way in, and programs that write them anew keep what they find. */
function lostOwner(path: string, got: string, line: string): boolean {
  return /^\/etc\/g?shadow-?$/.test(path) && got.replace(' 0:0 ', ' 0:42 ') === line
}

async function compareEnvironment(image: string, answer: Answer): Promise<string[]> {
  if (!existsSync(join(image, 'bin/sh'))) return []
  const ran = await asUser(
    [
      'apptainer',
      'exec',
      '--cleanenv',
      '--no-mount',
      'home,tmp,cwd',
      '--pwd',
      '/',
      image,
      '/bin/sh',
      '-c',
      'cat /proc/self/environ',
    ],
    '/',
  )
  const ours = new Map(ran.stdout.split('\0').map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
  const found: string[] = []
  for (const [name, value] of Object.entries(answer.env)) {
    const got = ours.get(name)
    // D118: the directories that an image's PATH lacks are put behind it.
    const same =
      got === value ||
      (name === 'PATH' && got?.startsWith(`${value}:`) === true) ||
      name === 'HOME' ||
      name === 'PWD' ||
      (name === 'LD_LIBRARY_PATH' && got === `${value}:/.singularity.d/libs`)
    if (!same) found.push(`variable ${name}: ${JSON.stringify(got)}, docker: ${JSON.stringify(value)}`)
  }
  const known = /^(APPTAINER|SINGULARITY)_|^(HOME|LANG|LD_LIBRARY_PATH|PATH|PS1|PROMPT_COMMAND|PWD|SHLVL|TERM|OLDPWD|_|)$/
  for (const [name, value] of ours)
    if (!known.test(name) && answer.env[name] === undefined) found.push(`variable ${name}=${value}, docker has none`)
  return found
}

function compareLabels(text: string, answer: Answer): string[] {
  const ours = JSON.parse(text === '' ? '{}' : text) as Record<string, string>
  const found: string[] = []
  for (const [name, value] of Object.entries(answer.labels))
    if (ours[name] !== value) found.push(`label ${name}: ${JSON.stringify(ours[name])}, docker: ${JSON.stringify(value)}`)
  for (const name of Object.keys(ours))
    if (answer.labels[name] === undefined && !name.startsWith('org.label-schema.')) found.push(`label ${name} is docker's not`)
  return found
}

async function compareRuns(image: string, answer: Answer): Promise<string[]> {
  const found: string[] = []
  for (const run of answer.runs) {
    const ran = await asUser(
      ['apptainer', 'run', '--cleanenv', '--no-mount', 'home,tmp,cwd', '--pwd', '/', image, ...run.arguments],
      '/',
    )
    // 125 and above tell of the engine, not of the program.
    const code = run.code >= 125 && ran.code !== 0 ? run.code : ran.code
    if (ran.stdout !== run.stdout || code !== run.code)
      found.push(
        `run ${JSON.stringify(run.arguments)}: exit ${ran.code} ${JSON.stringify(ran.stdout)} ${lastLines(ran.stderr)}, docker: exit ${run.code} ${JSON.stringify(run.stdout)}`,
      )
  }
  return found
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-8).join('\n  ')
}

/** Removes what the engine's user made, owners of the namespace included. */
export function cleanWorkshop(shop: Workshop): void {
  const argv = [
    ...(user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]),
    ...namespace,
    'sh',
    '-c',
    `rm -rf ${shop.work}/*/image ${shop.work}/*.image`,
  ]
  execFileSync(argv[0] ?? '', argv.slice(1), {cwd: '/', stdio: 'ignore'})
}
