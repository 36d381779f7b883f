/**
 * Keys that entries of a registry store are signed with: ed25519, the private one in a file that only its owner may
 * read, the public one as a line to hand on.
 */
import {createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify} from 'node:crypto'
import {mkdir, open, readFile, stat} from 'node:fs/promises'
import {homedir} from 'node:os'
import {dirname, join} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import {errorCode, fileError} from './files.js'

const PUBLIC_LINE = /^ed25519:([A-Za-z0-9_-]{43})$/

export interface Signer {
  /** `ed25519:…`, as it is handed on. */
  readonly publicLine: string
  /** In base 64. */
  sign(payload: string): string
}

/** Where a user's key lies unless he names another place. */
export function keyFile(environment: NodeJS.ProcessEnv): string {
  const config = environment['XDG_CONFIG_HOME'] || join(environment['HOME'] ?? homedir(), '.config')
  return join(config, 'sifstage', 'store-key.pem')
}

function publicLineOf(key: KeyObject): string {
  return `ed25519:${createPublicKey(key).export({format: 'jwk'}).x ?? ''}`
}

/** The public key that a line tells; undefined when it is none. */
function publicKey(line: string): KeyObject | undefined {
  const x = PUBLIC_LINE.exec(line)?.[1]
  if (x === undefined) return undefined
  try {
    return createPublicKey({key: {kty: 'OKP', crv: 'Ed25519', x}, format: 'jwk'})
  } catch {
    return undefined
  }
}

/** Whether a text is a public key as `sifstage cache key` prints it. */
export function isPublicLine(text: string): boolean {
  return publicKey(text) !== undefined
}

/** Whether the holder of a key signed this payload. */
export function isSigned(payload: string, signature: string, by: string): boolean {
  const key = publicKey(by)
  if (key === undefined || !/^[A-Za-z0-9+/]{86}==$/.test(signature)) return false
  return verify(undefined, Buffer.from(payload), key, Buffer.from(signature, 'base64'))
}

/**
 * The key in a file; undefined when there is no file.
 * @throws SifstageError (2) for a file that others may read, or that holds something else
 */
export async function readSigner(file: string): Promise<Signer | undefined> {
  let pem: string
  try {
    const {mode} = await stat(file)
    if ((mode & 0o077) !== 0)
      throw new SifstageError(
        ExitCode.usage,
        `the key ${file} can be read by others (mode ${(mode & 0o777).toString(8)})`,
        `If nobody has: chmod 600 ${file}. Otherwise make another one.`,
      )
    pem = await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof SifstageError) throw error
    if (errorCode(error) === 'ENOENT' || errorCode(error) === 'ENOTDIR') return undefined
    throw fileError(`the key ${file} cannot be read`, error)
  }
  let key: KeyObject | undefined
  try {
    key = createPrivateKey(pem)
  } catch {
    // Said below, without a word of what is in the file.
  }
  if (key === undefined || key.asymmetricKeyType !== 'ed25519')
    throw new SifstageError(ExitCode.usage, `${file} holds no ed25519 key`, 'Make one: sifstage cache key --key FILE')
  const own = key
  return {
    publicLine: publicLineOf(own),
    sign: payload => sign(undefined, Buffer.from(payload), own).toString('base64'),
  }
}

/**
 * Makes a key in a file that is not there yet.
 * @throws SifstageError when it cannot be written
 */
export async function makeSigner(file: string): Promise<void> {
  const {privateKey} = generateKeyPairSync('ed25519')
  try {
    await mkdir(dirname(file), {recursive: true, mode: 0o700})
    const handle = await open(file, 'wx', 0o600)
    try {
      await handle.writeFile(privateKey.export({type: 'pkcs8', format: 'pem'}))
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileError(`the key ${file} cannot be written`, error, 'Name another place: --key FILE')
  }
}
