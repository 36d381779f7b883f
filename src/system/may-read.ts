/** Whether the engine's user can read what we can. */
import type {Identity} from '../model/ports.js'
import {asUser} from './identity.js'
import {capture} from './processes.js'

/** Whether a user can read a file where it lies; who runs as that user asks the file himself, later. */
export async function mayRead(identity: Identity, path: string): Promise<boolean> {
  const user = asUser(identity)
  if (user.length === 0) return true
  const {exitCode} = await capture([...user, 'test', '-r', path], {cwd: '/', env: {PATH: '/usr/bin:/bin:/usr/sbin:/sbin'}})
  return exitCode === 0
}
