/** Accounts of builds, `builds/HEX.json`: the last one of each input and target, for reports. */
import {createHash} from 'node:crypto'
import {readdir, readFile, rm, stat} from 'node:fs/promises'
import {join} from 'node:path'
import type {BuildAccount} from '../model/account.js'
import type {Identity} from '../model/ports.js'
import {giveTo, makeOwned, writeWhole} from '../system/files.js'

/** As many are kept as anybody has projects. */
const KEPT = 200
/** What is larger was not written here. */
const LARGEST = 16 << 20

/** @param input its real path, or what stands for standard input */
function placeOf(folder: string, input: string, target: string): string {
  const id = createHash('sha256')
    .update(JSON.stringify([input, target]))
    .digest('hex')
  return join(folder, 'builds', `${id}.json`)
}

/** Whole or not at all; a store that cannot be written has none. For its owner alone: it holds what commands printed. */
export async function keepAccount(
  folder: string,
  input: string,
  account: BuildAccount,
  owner: Identity,
  kept = KEPT,
): Promise<void> {
  try {
    const file = placeOf(folder, input, account.target)
    await makeOwned(join(folder, 'builds'), owner)
    await writeWhole(file, `${JSON.stringify(account)}\n`, 0o600)
    await giveTo(file, owner)
    await dropOld(join(folder, 'builds'), kept)
  } catch {
    // The build is done: nobody is helped by a word about this.
  }
}

async function dropOld(folder: string, kept: number): Promise<void> {
  const names = await readdir(folder)
  if (names.length <= kept) return
  const times = await Promise.all(
    names.map(async name => ({
      name,
      time: await stat(join(folder, name)).then(
        ({mtimeMs}) => mtimeMs,
        () => 0,
      ),
    })),
  )
  for (const {name} of times.sort((a, b) => b.time - a.time).slice(kept)) await rm(join(folder, name), {force: true})
}

/** The account of the last build of an input's target; why there is none. */
export async function findAccount(folder: string, input: string, target: string): Promise<BuildAccount | string> {
  const file = placeOf(folder, input, target)
  try {
    const {size} = await stat(file)
    if (size > LARGEST) return 'the account of the last build in the store is too large to have been written by sifstage'
    const account: unknown = JSON.parse(await readFile(file, 'utf8'))
    return isAccount(account) ? account : 'the account of the last build in the store is of another version'
  } catch (error) {
    if (error instanceof SyntaxError) return 'the account of the last build in the store is damaged'
    return 'this store has no account of a build of it'
  }
}

/** What a value must be: of a type, a list of such, an object with such; with `?` it may be left out. */
type Shape = string | readonly [Shape] | {readonly [name: string]: Shape}

const step: Shape = {title: 'string', line: 'number?', start: 'number', seconds: 'number?', ok: 'boolean?'}
const artifact: Shape = {
  path: 'string',
  wantedBy: ['string'],
  status: 'string',
  matches: ['string'],
  kind: 'string?',
  bytes: 'number?',
}
const shape: Shape = {
  version: 'number',
  input: 'string',
  target: 'string',
  started: 'string',
  seconds: 'number',
  status: 'string',
  engine: {name: 'string', version: 'string'},
  stages: [
    {
      name: 'string',
      status: 'string',
      start: 'number?',
      end: 'number?',
      notes: ['string'],
      steps: [step],
      artifacts: [artifact],
      tail: ['string'],
      hasMore: 'boolean',
      log: 'string?',
    },
  ],
  diagnostics: [
    {
      rule: 'string',
      severity: 'string',
      message: 'string',
      hint: 'string?',
      file: 'string',
      line: 'number',
      column: 'number',
      excerpt: ['string'],
    },
  ],
}

/** A store may be written by others: what a report relies on is looked at before. */
function fits(value: unknown, wanted: Shape): boolean {
  if (typeof wanted === 'string')
    return wanted.endsWith('?') ? value === undefined || typeof value === wanted.slice(0, -1) : typeof value === wanted
  if (isList(wanted)) return Array.isArray(value) && value.every(each => fits(each, wanted[0]))
  if (typeof value !== 'object' || value === null) return false
  const fields = new Map<string, unknown>(Object.entries(value))
  return Object.entries(wanted).every(([name, each]) => fits(fields.get(name), each))
}

function isList(wanted: Shape): wanted is readonly [Shape] {
  return Array.isArray(wanted)
}

function isAccount(value: unknown): value is BuildAccount {
  if (!fits(value, shape)) return false
  const output = typeof value === 'object' && value !== null && 'output' in value ? value.output : undefined
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    value.version === 1 &&
    (output === undefined || fits(output, {path: 'string', bytes: 'number', digest: 'string'}))
  )
}
