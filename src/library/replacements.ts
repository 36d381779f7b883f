/** `--base REF=REPLACEMENT`, and the same from a settings file. */
import {resolve} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import {type BaseReplacement, explicitReplacement} from '../plan/bases.js'

/** One REF=REPLACEMENT. A reference may hold `=` only in a digest's algorithm, never: the first one splits. */
export async function replacement(given: string, folder: string, what: string): Promise<BaseReplacement> {
  const equals = given.indexOf('=')
  if (equals < 1 || equals === given.length - 1)
    throw new SifstageError(
      ExitCode.usage,
      `${what} ${given}: it is not REF=REPLACEMENT`,
      'For example --base docker://debian:12=./debian.sif',
    )
  return {reference: given.slice(0, equals), with: await replacementImage(given.slice(equals + 1), folder, `${what} ${given}`)}
}

/** What a REPLACEMENT's text means: a reference, or an image on disk by what it is. */
export async function replacementImage(text: string, folder: string, what: string): Promise<BaseReplacement['with']> {
  const explicit = explicitReplacement(text)
  if (explicit !== undefined)
    return explicit.kind === 'local'
      ? {kind: 'local', reference: {...explicit.reference, path: resolve(folder, explicit.reference.path)}}
      : explicit
  const path = resolve(folder, text)
  const {imageAgent} = await import('./local-image.js')
  const agent = await imageAgent(path)
  if (agent !== undefined) return {kind: 'local', reference: {agent, path}}
  if (/^[./~]|\.(sif|img|sqfs|squashfs|tar)$/.test(text))
    throw new SifstageError(
      ExitCode.usage,
      `${what}: there is no image at ${path}`,
      'A replacement is a .sif, a sandbox folder, an OCI layout, a docker or OCI archive, or a reference.',
    )
  const {parseImageReference} = await import('../model/reference.js')
  return {kind: 'image', reference: parseImageReference(text)}
}
