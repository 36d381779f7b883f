/** `cache key`: the key that entries are signed with on their way to a registry. */
import {resolve} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import {keyFile, makeSigner, readSigner} from '../system/signing.js'
import type {Outcome} from './outcome.js'

export interface KeyFlags {
  readonly key?: string | undefined
  readonly json: boolean
}

/**
 * Prints the public key, made first where there is none.
 * @throws SifstageError (2) for a file that cannot be the key's
 */
export async function runCacheKey(flags: KeyFlags): Promise<Outcome> {
  const named = flags.key ?? process.env['SIFSTAGE_STORE_KEY']
  const file = named ? resolve(named) : keyFile(process.env)
  const before = await readSigner(file)
  if (before === undefined) await makeSigner(file)
  const signer = before ?? (await readSigner(file))
  if (signer === undefined) throw new SifstageError(ExitCode.failed, `the key ${file} is gone again`)
  return {
    exitCode: ExitCode.done,
    document: {version: 1, file, publicKey: signer.publicLine, made: before === undefined},
    text: `${signer.publicLine}\n`,
    messages:
      before === undefined
        ? `${file} was made: it signs what --store-to sends to a registry, and is yours alone. Others believe it with --store-trust and the line below.\n`
        : '',
  }
}
