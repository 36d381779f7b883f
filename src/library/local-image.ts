/** What kind of image lies at a path, as the bootstrap agent that reads it. */
import {createReadStream} from 'node:fs'
import {open, stat} from 'node:fs/promises'
import {join} from 'node:path'
import {extract} from 'tar-stream'
import {isSif} from '../images/sif.js'
import type {LocalReference} from '../model/reference.js'
import {exists} from '../system/files.js'

/** The names in a tar file until one tells OCI from docker; undefined when it is no tar file. */
async function archiveAgent(path: string): Promise<LocalReference['agent'] | undefined> {
  const unpack = extract()
  const stream = createReadStream(path)
  stream.pipe(unpack)
  let agent: LocalReference['agent'] | undefined
  try {
    for await (const member of unpack) {
      const name = member.header.name.replace(/^\.\//, '')
      // An archive of new docker versions holds both; Apptainer then reads it as OCI (D50).
      if (name === 'oci-layout') agent = 'oci-archive'
      else if (name === 'manifest.json') agent ??= 'docker-archive'
      if (agent === 'oci-archive') break
      member.resume()
    }
  } catch {
    return agent
  } finally {
    stream.destroy()
  }
  return agent
}

/** Undefined when nothing is there, or nothing that is an image. */
export async function imageAgent(path: string): Promise<LocalReference['agent'] | undefined> {
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined) return undefined
  if (stats.isDirectory()) return (await exists(join(path, 'oci-layout'))) ? 'oci' : 'localimage'
  const handle = await open(path, 'r')
  try {
    const start = Buffer.alloc(512)
    await handle.read(start, 0, start.length, 0)
    if (isSif(start) || start.subarray(0, 4).toString('latin1') === 'hsqs') return 'localimage'
    return start.subarray(257, 262).toString('latin1') === 'ustar' ? await archiveAgent(path) : undefined
  } finally {
    await handle.close()
  }
}
