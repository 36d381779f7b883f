/** Every look at the machine, in the order in which they are shown. Adding one is a file here and a line in this table. */
import type {MachineCheck} from '../model/machine-check.js'
import {clock} from './clock.js'
import {credentials} from './credentials.js'
import {engine} from './engine.js'
import {environment} from './environment.js'
import {fuse} from './fuse.js'
import {limits} from './limits.js'
import {type Around, type Found, type Look, warning} from './look.js'
import {proxies} from './proxies.js'
import {quota} from './quota.js'
import {runtime} from './runtime.js'
import {scratch} from './scratch.js'
import {settings} from './settings.js'
import {slurm} from './slurm.js'
import {squashfsTools} from './squashfs-tools.js'
import {store} from './store.js'
import {subordinateIds} from './subordinate-ids.js'
import {userNamespaces} from './user-namespaces.js'

const looks: readonly Look[] = [
  runtime,
  settings,
  engine,
  subordinateIds,
  userNamespaces,
  fuse,
  squashfsTools,
  scratch,
  store,
  clock,
  quota,
  limits,
  slurm,
  credentials,
  proxies,
  environment,
]

/** Milliseconds for a look that names no limit of its own: more than any folder or program takes that works. */
const PATIENCE = 12_000

async function within(look: Look, around: Around): Promise<readonly Found[]> {
  const patience = look.patience ?? PATIENCE
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<readonly Found[]>(resolve => {
    const found = warning(`no answer in ${patience / 1000} s`, 'what was asked hangs, and a build that asks it would too')
    timer = setTimeout(() => resolve([found]), patience)
  })
  try {
    return await Promise.race([look.look(around), late])
  } catch (error) {
    return [warning(`cannot be told: ${error instanceof Error ? error.message : String(error)}`, 'it may not matter')]
  } finally {
    clearTimeout(timer)
  }
}

/** All looks side by side, each with a limit. */
export async function lookAround(around: Around): Promise<readonly MachineCheck[]> {
  const found = await Promise.all(looks.map(look => within(look, around)))
  return looks.flatMap(({name}, at) => (found[at] ?? []).map(each => ({name, ...each})))
}
