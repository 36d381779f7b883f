/** What works in a folder, really tried in a temporary one inside it, as the engine's user. */
import type {Identity, Mapping} from '../model/ports.js'
import {ask} from '../probes/programs.js'
import {insideNamespace} from '../system/identity.js'
import type {FileSystemFacts} from '../system/scratch.js'
import {NETWORK_FILE_SYSTEMS} from '../system/scratch.js'

/**
 * Prints a line `WORD VALUE` for each thing that is found; the trial of a namespace is handed in behind the folder's name.
 * Whatever ends it, the temporary folder is removed.
 */
const TRIAL = `
folder=$1; shift
[ -d "$folder" ] && echo 'exists yes'
while [ ! -d "$folder" ] && [ "$folder" != / ]; do folder=$(dirname -- "$folder"); done
echo "folder $(cd -- "$folder" 2>/dev/null && pwd -P)"
stat -f -c 'facts %t %S %a %c %d' -- "$folder" || exit
made=$(mktemp -d -- "$folder/.sifstage-doctor-XXXXXXXX" 2>&1) || { echo "unwritable \${made##*: }"; exit; }
trap 'chmod -R u+rwx "$made" 2>/dev/null; rm -rf -- "$made"' EXIT
trap exit HUP INT TERM
cd -- "$made" || exit
if said=$( { printf '#!/bin/sh\\nexit 0\\n' | cat >file; } 2>&1) && said=$(sync file 2>&1); then echo 'sync yes'; else echo "sync \${said##*: }"; fi
echo "clock $(stat -c %.9Y file) $(date +%s.%N)"
if said=$(mv -- file moved 2>&1); then echo 'rename yes'; else echo "rename \${said##*: }"; fi
chmod 700 moved && { said=$(./moved 2>&1) && echo 'run yes' || echo "run \${said##*: }"; }
mkdir inside
if said=$("$@" 2>&1); then echo 'namespace yes'; else echo "namespace $(printf '%s' "$said" | tail -n 1)"; fi
`

/** Makes files of other owners where there are any, and takes them away again. */
const INSIDE = {
  subuid: 'touch inside/a && chown 1:1 inside/a && chmod 4755 inside/a && rm -f inside/a',
  'root-mapped': 'touch inside/a && chmod 4755 inside/a && rm -f inside/a',
  none: 'touch inside/a && chown 1:1 inside/a && rm -f inside/a',
} as const

export interface FolderTrial {
  /** The nearest folder that exists, links followed. */
  readonly folder: string
  /** Whether that is the one that was asked for. */
  readonly exists: boolean
  readonly facts: FileSystemFacts
  /** `NFS`, for file systems of the network. */
  readonly network: string | undefined
  readonly inMemory: boolean
  /** Why nothing can be made in it. */
  readonly unwritable: string | undefined
  /** Each: undefined when it works, else what was said. */
  readonly sync: string | undefined
  readonly rename: string | undefined
  readonly run: string | undefined
  readonly namespace: string | undefined
  /** Seconds that its clock is ahead of ours; undefined where nothing can be made. */
  readonly clock: number | undefined
}

/** tmpfs and ramfs, statfs(2). */
const IN_MEMORY: readonly number[] = [0x01021994, 0x858458f6]

/** @returns undefined when the folder does not tell in time */
export function readTrial(lines: readonly string[]): FolderTrial | undefined {
  const said = new Map(
    lines.map(line => {
      const at = line.indexOf(' ')
      return [line.slice(0, at), line.slice(at + 1)] as const
    }),
  )
  const [type = '', bsize, bavail, files, ffree] = (said.get('facts') ?? '').split(' ')
  if (type === '') return undefined
  const kind = Number.parseInt(type, 16) >>> 0
  const trouble = (word: string) => (said.get(word) === 'yes' ? undefined : (said.get(word) ?? 'it was not tried'))
  const [made, now] = (said.get('clock') ?? '').split(' ').map(Number)
  return {
    folder: said.get('folder') ?? '/',
    exists: said.has('exists'),
    facts: {type: kind, bsize: Number(bsize), bavail: Number(bavail), files: Number(files), ffree: Number(ffree)},
    network: NETWORK_FILE_SYSTEMS.get(kind),
    inMemory: IN_MEMORY.includes(kind),
    unwritable: said.get('unwritable'),
    sync: trouble('sync'),
    rename: trouble('rename'),
    run: trouble('run'),
    namespace: trouble('namespace'),
    clock: made === undefined || now === undefined || Number.isNaN(made - now) ? undefined : made - now,
  }
}

/** @param patience milliseconds; 0: it is known not to answer @throws when the folder does not answer */
export async function tryFolder(
  folder: string,
  env: Readonly<Record<string, string>>,
  identity: Identity,
  mapping: Mapping,
  patience: number,
): Promise<FolderTrial> {
  if (patience === 0) throw new Error('its file server is gone or slow')
  const inside = [...insideNamespace(mapping), 'sh', '-c', INSIDE[mapping]]
  const argv = ['/bin/sh', '-c', TRIAL, 'sh', folder, ...inside]
  const {lines, late} = await ask(argv, {...env, LC_ALL: 'C'}, identity, patience)
  if (late) throw new Error(`no answer in ${patience / 1000} s`)
  const trial = readTrial(lines)
  if (trial === undefined) throw new Error(lines.at(-1) ?? 'it says nothing')
  return trial
}
