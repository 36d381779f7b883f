/**
 * Secrets of one build (`--secret`, the grammar of docker buildx). Their values lie in a private folder of this
 * machine while the build runs. A small shell removes it when we die, however that happens.
 */
import {spawn} from 'node:child_process'
import {chmodSync, readFileSync, rmSync, statSync} from 'node:fs'
import {chown, mkdir, mkdtemp, writeFile} from 'node:fs/promises'
import {join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {Identity} from '../model/ports.js'
import type {SecretFolders} from '../model/supplies.js'
import {fileTrouble} from './files.js'

/** As in docker: a secret is a password or a key, not a file to be copied. */
const LARGEST = 500 * 1024

export interface Secret {
  readonly id: string
  readonly value: Buffer
  /** Variable of ours that it came from: commands of the engine do not inherit it. */
  readonly variable?: string
}

const GRAMMAR = 'Write --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE.'

/** Fields of one CSV line, as Go's `encoding/csv` reads them. */
function fields(text: string): string[] {
  const found: string[] = []
  for (const match of text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g))
    found.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  return found
}

function wrong(given: string, what: string): SifstageError {
  return new SifstageError(ExitCode.usage, `--secret ${given}: ${what}`, GRAMMAR)
}

/**
 * Reads one `--secret`: `id=NAME`, with `src=FILE` (or `source=`) or `env=VARIABLE`, or neither: then the variable of that
 * name, else the file.
 * @throws SifstageError (2)
 */
export function readSecret(given: string, environment: NodeJS.ProcessEnv): Secret {
  let id = ''
  let source = ''
  let variable = ''
  let type = ''
  for (const field of fields(given)) {
    const equals = field.indexOf('=')
    if (equals < 0) throw wrong(given, `${JSON.stringify(field)} is not KEY=VALUE`)
    const value = field.slice(equals + 1)
    const key = field.slice(0, equals).trim().toLowerCase()
    if (key === 'id') id = value
    else if (key === 'src' || key === 'source') source = value
    else if (key === 'env') variable = value
    else if (key === 'type') type = value
    else throw wrong(given, `there is no key ${JSON.stringify(key)}`)
  }
  if (type !== '' && type !== 'file' && type !== 'env') throw wrong(given, `there is no type ${JSON.stringify(type)}`)
  if (id === '') throw wrong(given, 'the id is missing')
  if (!/^[\w.-]+$/.test(id) || /^\.+$/.test(id)) throw wrong(given, 'an id is made of letters, digits, `_`, `-` and `.`')
  if (type === 'env' && variable === '') {
    variable = source
    source = ''
  }
  if (source === '' && variable === '') {
    if (type !== 'file' && environment[id] !== undefined) variable = id
    else source = id
  }
  if (variable !== '') {
    const value = environment[variable]
    if (value === undefined) throw wrong(given, `the environment has no variable ${variable}`)
    return {id, value: Buffer.from(value), variable}
  }
  try {
    if (statSync(source).size > LARGEST) throw wrong(given, `${source} is larger than ${LARGEST / 1024} kB, which no secret is`)
    return {id, value: readFileSync(source)}
  } catch (error) {
    if (error instanceof SifstageError) throw error
    throw wrong(given, `${source} cannot be read: ${fileTrouble(error)}`)
  }
}

export interface SecretStore {
  readonly ids: ReadonlySet<string>
  folders(): Promise<SecretFolders>
  /** Removes all of it. Always called at the end. */
  close(): void
}

/** @param parent where the private folder is made; on a tmpfs where there is one */
export function secretStore(secrets: readonly Secret[], owner: Identity, parent: () => Promise<string>): SecretStore {
  let making: Promise<SecretFolders> | undefined
  let made: string | undefined
  async function make(): Promise<SecretFolders> {
    const folder = await mkdtemp(join(await parent(), 'sifstage-secrets-'))
    made = folder
    const guard = spawn('/bin/sh', ['-c', 'read -r word || rm -rf -- "$1"', 'sh', folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    guard.on('error', () => {})
    guard.unref()
    const given = join(folder, 'given')
    const copies = join(folder, 'copies')
    for (const each of [given, copies]) await mkdir(each, {mode: 0o700})
    for (const {id, value} of secrets) {
      await writeFile(join(given, id), value, {mode: 0o600})
      if (process.getuid?.() === 0) await chown(join(given, id), owner.uid, owner.gid)
    }
    if (process.getuid?.() === 0) for (const each of [given, copies, folder]) await chown(each, owner.uid, owner.gid)
    return {given, copies}
  }
  return {
    ids: new Set(secrets.map(each => each.id)),
    folders: () => {
      making ??= make()
      return making
    },
    close: () => {
      if (made === undefined) return
      chmodSync(made, 0o700)
      rmSync(made, {recursive: true, force: true})
    },
  }
}
