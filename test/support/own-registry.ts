/** A registry of one test file's own: one that may be stopped, and whose tags may be moved. */
import {mkdtempSync, rmSync} from 'node:fs'
import {createServer} from 'node:net'
import {join} from 'node:path'
import {execa} from 'execa'
import {bases, root} from './engine.js'

export interface OwnRegistry {
  readonly host: string
  start(): Promise<void>
  stop(): Promise<void>
  /** Puts a base of the tests at a name, over whatever is there. @returns its digest there */
  push(base: string, name: string, ...flags: readonly string[]): Promise<string>
  remove(): Promise<void>
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise(resolve => server.close(resolve))
  if (typeof address !== 'object' || address === null) throw new Error('no port is free')
  return address.port
}

export async function ownRegistry(at?: number): Promise<OwnRegistry> {
  const state = mkdtempSync('/var/tmp/sifstage-registry-')
  const port = at ?? (await freePort())
  const host = `127.0.0.1:${port}`
  const script = (verb: string) =>
    execa(join(root, 'scripts/registry.sh'), [verb], {env: {PORT: String(port), STATE: state}, stdin: 'ignore'})
  return {
    host,
    start: async () => void (await script('start')),
    stop: async () => void (await script('stop')),
    async push(base, name, ...flags) {
      const to = `docker://${host}/${name}`
      await execa('skopeo', ['copy', '--quiet', '--dest-tls-verify=false', ...flags, `oci:${bases}/${base}/oci:latest`, to])
      const {stdout} = await execa('skopeo', ['inspect', '--tls-verify=false', '--format', '{{.Digest}}', to])
      return stdout.trim()
    },
    async remove() {
      await script('stop')
      rmSync(state, {recursive: true, force: true})
    },
  }
}
