/** The definition itself built by the real Apptainer, against what BuildKit made of its conversion. */
import {execFileSync, spawn} from 'node:child_process'
import {existsSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {readTar} from '../../../src/images/tar.js'
import type {Case} from '../../support/cases.js'
import {asUser, root, user} from '../../support/engine.js'
import {changes, type Tree, treeOf} from '../../support/trees.js'
import {baseOf, localDefinition} from './convert.js'
import type {Answer} from './record.js'

/** `bases` holds OCI layouts, `work` is writable by the engine's user. */
export interface Workshop {
  readonly bases: string
  readonly work: string
}

/** What differs, one line each. `folder` holds the case as `convertCase` laid it. */
export async function compareCase(
  each: Case,
  answer: Answer,
  folder: string,
  shop: Workshop,
  atStart: boolean,
): Promise<string[]> {
  const image = join(folder, 'image')
  writeFileSync(join(folder, 'local.def'), localDefinition(each, shop.bases))
  // Files that only their owner may read are the engine's user's.
  if (user !== undefined) execFileSync('chown', ['-hR', user, join(folder, 'context')])
  const built = await asUser(
    ['apptainer', 'build', '--disable-cache', '--sandbox', image, '../local.def'],
    join(folder, 'context'),
  )
  if (built.code !== 0) return answer.failed === undefined ? [`apptainer build: ${lastLines(built.stderr + built.stdout)}`] : []
  if (answer.failed !== undefined) return [`BuildKit fails: ${answer.failed}`]
  const theirs = changes(await treeIn(image), await baseTree(baseOf(each), shop))
  return [
    ...compareFiles(theirs, answer),
    ...(atStart ? [] : await compareEnvironment(image, answer)),
    ...compareLabels(await inside(image, 'cat', '.singularity.d/labels.json'), answer),
    ...(await compareRuns(image, answer)),
  ]
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

function asEngineUser(...argv: readonly string[]): readonly string[] {
  return [...(user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]), ...namespace, ...argv]
}

async function treeIn(image: string): Promise<Tree> {
  const tar = [
    'tar',
    '--create',
    '--sort=name',
    '--numeric-owner',
    '--format=pax',
    '--xattrs',
    '--xattrs-include=security.capability',
  ]
  const [command = '', ...argv] = asEngineUser(...tar, '-C', image, '.')
  const child = spawn(command, argv, {cwd: '/', stdio: ['ignore', 'pipe', 'inherit']})
  return treeOf(await readTar(child.stdout))
}

async function inside(image: string, ...argv: readonly string[]): Promise<string> {
  const [command = '', path = ''] = argv
  return (await asUser([...namespace, command, join(image, path)], '/')).stdout
}

/** Folders that Apptainer adds to every image; docker makes them where they are needed. */
const added = /^\/(root|tmp|var|var\/tmp|etc|home)$/

function compareFiles(apptainer: ReturnType<typeof changes>, answer: Answer): string[] {
  const found: string[] = []
  for (const [path, line] of Object.entries(apptainer.files)) {
    const got = answer.files[path]
    if (got === undefined) found.push(`missing ${path} (apptainer: ${line})`)
    else if (got !== line) found.push(`${path}: ${got}, apptainer: ${line}`)
  }
  for (const [path, line] of Object.entries(answer.files))
    if (apptainer.files[path] === undefined && !(added.test(path) && line.startsWith('directory')))
      found.push(`extra ${path} (${line})`)
  for (const path of apptainer.removed) if (!answer.removed.includes(path)) found.push(`not removed: ${path}`)
  for (const path of answer.removed) if (!apptainer.removed.includes(path)) found.push(`removed: ${path}`)
  return found
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
  const found: string[] = []
  // D110: Apptainer puts its own folder of libraries behind each LD_LIBRARY_PATH, and missing folders behind each PATH.
  const libs = ':/.singularity.d/libs'
  const same = (name: string, docker: string | undefined, apptainer: string) =>
    docker === apptainer ||
    (name === 'LD_LIBRARY_PATH' && (docker === undefined ? `:${apptainer}` : apptainer) === `${docker ?? ''}${libs}`) ||
    (name === 'PATH' && apptainer.startsWith(`${docker}:`))
  const theirs = new Map(
    ran.stdout.split('\0').map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
  const own = /^(APPTAINER|SINGULARITY)_|^(HOME|PS1|PROMPT_COMMAND|PWD|SHLVL|TERM|OLDPWD|_|)$/
  for (const [name, value] of theirs) {
    if (own.test(name) || (name === 'LANG' && answer.env['LANG'] === undefined && value === 'C')) continue
    if (!same(name, answer.env[name], value))
      found.push(`variable ${name}: ${JSON.stringify(answer.env[name])}, apptainer: ${JSON.stringify(value)}`)
  }
  for (const [name, value] of Object.entries(answer.env))
    if (!theirs.has(name)) found.push(`variable ${name}=${value}, apptainer has none`)
  return found
}

function compareLabels(text: string, answer: Answer): string[] {
  const theirs = JSON.parse(text === '' ? '{}' : text) as Record<string, string>
  const found: string[] = []
  for (const [name, value] of Object.entries(theirs))
    if (!name.startsWith('org.label-schema.') && answer.labels[name] !== value)
      found.push(`label ${name}: ${JSON.stringify(answer.labels[name])}, apptainer: ${JSON.stringify(value)}`)
  for (const name of Object.keys(answer.labels)) if (theirs[name] === undefined) found.push(`label ${name} is not apptainer's`)
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
        `run ${JSON.stringify(run.arguments)}: exit ${run.code} ${JSON.stringify(run.stdout)}, apptainer: exit ${ran.code} ${JSON.stringify(ran.stdout)} ${lastLines(ran.stderr)}`,
      )
  }
  return found
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-8).join('\n  ')
}

/** Removes what the engine's user made, owners of the namespace included. */
export function cleanWorkshop(shop: Workshop): void {
  const [command = '', ...argv] = asEngineUser('sh', '-c', `rm -rf ${shop.work}/*/image ${shop.work}/*.image`)
  execFileSync(command, argv, {cwd: '/', stdio: 'ignore'})
}
