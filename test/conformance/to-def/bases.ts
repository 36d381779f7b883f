/** Base images of the conformance cases: those of the test machine, and the smallest of them with other configurations. */
import {createHash} from 'node:crypto'
import {chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import type {Case} from '../../support/cases.js'

export interface TestBase {
  readonly name: string
  /** The image whose files it has. */
  readonly files: 'busybox' | 'debian'
  /** What its configuration says beyond theirs. */
  readonly config?: Readonly<Record<string, unknown>>
}

const PATH = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

export const testBases: readonly TestBase[] = [
  {name: 'busybox', files: 'busybox'},
  {name: 'debian', files: 'debian'},
  {
    name: 'base-entry',
    files: 'busybox',
    config: {
      Entrypoint: ['/bin/echo', 'base entry'],
      Cmd: ['base', 'cmd'],
      WorkingDir: '/usr',
      Labels: {kept: 'base', both: 'base'},
    },
  },
  {
    name: 'base-env',
    files: 'busybox',
    config: {
      Env: [
        'PATH=/opt/base/bin:/usr/bin:/bin',
        'PLAIN=plain',
        'BLANK=a  b',
        "SINGLE=it's",
        'DOUBLE=a"b',
        'DOLLAR=a$HOME.b',
        'BACK=a\\b',
        'EMPTY=',
      ],
    },
  },
  {
    name: 'base-onbuild',
    files: 'busybox',
    config: {OnBuild: ['COPY a.txt /onbuild/', 'RUN echo fired > /fired', 'ENV FIRED=yes']},
  },
  {name: 'base-user', files: 'busybox', config: {User: '1000:1000', WorkingDir: '/home/app'}},
  {name: 'base-ids', files: 'busybox', config: {Env: [PATH, 'APP_UID=1234']}},
  {name: 'base-shell', files: 'busybox', config: {Shell: ['/bin/sh', '-ec']}},
  {name: 'base-bare', files: 'busybox', config: {Env: [], Cmd: []}},
]

/** The base that a case's last stage ends at, for telling what the case itself added. */
export function baseOf(each: Case): string {
  const from = /^#\s*base:\s*(\S+)/m.exec(each.about)?.[1] ?? /^base: (\S+)/m.exec(each.about)?.[1]
  if (from !== undefined) return from
  const names = new Map<string, string>()
  let last = 'scratch'
  for (const match of (each.parts.get('Dockerfile') ?? '').matchAll(/^FROM\s+(?:--\S+\s+)?(\S+)(?:\s+as\s+(\S+))?/gim)) {
    last = names.get(match[1] ?? '') ?? match[1] ?? 'scratch'
    if (match[2] !== undefined) names.set(match[2].toLowerCase(), last)
  }
  return last
}

/** OCI layouts of all bases below a folder, one image each. */
export function makeBases(sources: string, folder: string): void {
  for (const base of testBases) {
    const layout = join(folder, base.name)
    mkdirSync(layout, {recursive: true})
    cpSync(join(sources, base.files, 'oci'), layout, {recursive: true, force: true})
    if (base.config !== undefined) changeConfig(layout, base.config)
    chmodSync(layout, 0o755)
  }
}

interface Descriptor {
  digest: string
  size: number
}

function changeConfig(layout: string, config: Readonly<Record<string, unknown>>): void {
  const read = (descriptor: Descriptor) =>
    JSON.parse(readFileSync(join(layout, 'blobs/sha256', descriptor.digest.slice(7)), 'utf8'))
  const put = (descriptor: Descriptor, document: unknown) => {
    const text = JSON.stringify(document)
    const hex = createHash('sha256').update(text).digest('hex')
    writeFileSync(join(layout, 'blobs/sha256', hex), text)
    descriptor.digest = `sha256:${hex}`
    descriptor.size = Buffer.byteLength(text)
  }
  const index = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {manifests: Descriptor[]}
  const descriptor = index.manifests[0]
  if (descriptor === undefined) throw new Error(`${layout} holds no image`)
  const manifest = read(descriptor) as {config: Descriptor}
  const image = read(manifest.config) as {config: Record<string, unknown>}
  put(manifest.config, {...image, config: {Env: [PATH], Cmd: ['/bin/sh'], ...config}})
  put(descriptor, manifest)
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index))
}

/** Puts the bases into the registry that the recorder's BuildKit asks in the place of Docker Hub. */
export async function pushBases(folder: string, registry: string): Promise<void> {
  for (const base of testBases)
    await execa(
      'skopeo',
      [
        'copy',
        '--preserve-digests',
        '--dest-tls-verify=false',
        `oci:${join(folder, base.name)}:latest`,
        `docker://${registry}/library/${base.name}:latest`,
      ],
      {stdin: 'ignore'},
    )
}
