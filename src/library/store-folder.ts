/** Whose store is used, and where it lies (design section 3). */
import {homedir} from 'node:os'
import {join, resolve} from 'node:path'
import type {Identity} from '../model/ports.js'
import {lookUpIdentity, ownIdentity} from '../system/identity.js'

/** The user whom the engine runs as. */
export function identityOf(runAs: string | undefined): Identity {
  return runAs === undefined || runAs === '' ? ownIdentity() : lookUpIdentity(runAs)
}

/** The store's folder (design section 3); with another user's engine, that user's. */
export function storeFolder(cacheDir: string | undefined, identity: Identity, environment: NodeJS.ProcessEnv): string {
  if (cacheDir !== undefined && cacheDir !== '') return resolve(cacheDir)
  if (identity.uid !== process.getuid?.()) return join(identity.home, '.cache', 'sifstage')
  return join(environment['XDG_CACHE_HOME'] || join(environment['HOME'] ?? homedir(), '.cache'), 'sifstage')
}
