/** What the real Docker says of an image, and what the image does. */
import {execa} from 'execa'
import {type Case, runsOf} from './cases.js'

export const docker = async (...argv: readonly string[]) =>
  execa('docker', [...argv], {stdin: 'ignore', stripFinalNewline: false})

export interface Account {
  readonly env: Readonly<Record<string, string>>
  readonly labels: Readonly<Record<string, string>>
  readonly runs: readonly {readonly arguments: readonly string[]; readonly code: number; readonly stdout: string}[]
}

/** Variables and labels of an image of the daemon, and what it does when it is run as the case says. */
export async function accountOf(tag: string, each: Case): Promise<Account> {
  const inspected = JSON.parse((await docker('image', 'inspect', tag)).stdout) as {Config: Record<string, unknown>}[]
  const config = inspected[0]?.Config ?? {}
  const env = Object.fromEntries(
    ((config['Env'] ?? []) as string[]).map(pair => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
  )
  const starts = [...((config['Entrypoint'] ?? []) as string[]), ...((config['Cmd'] ?? []) as string[])].length > 0
  const runs = []
  for (const args of runsOf(each)) {
    if (args.length === 0 && !starts) continue
    const ran = await execa('docker', ['run', '--rm', '--network', 'none', tag, ...args], {
      reject: false,
      stdin: 'ignore',
      stripFinalNewline: false,
    })
    runs.push({arguments: args, code: ran.exitCode ?? -1, stdout: ran.stdout})
  }
  return {env, labels: (config['Labels'] ?? {}) as Record<string, string>, runs}
}
