/** The real engine and the real command line for tests. Nothing here skips: what is missing fails with what to do. */
import {chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {type ExecaError, execa} from 'execa'

export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '')
const asRoot = process.getuid?.() === 0

/** Who runs the engine: root needs an unprivileged user for it in a container. */
export const user = process.env['SIFSTAGE_TEST_USER'] ?? (asRoot ? 'hpc' : undefined)
export const bases = process.env['SIFSTAGE_TEST_BASES'] ?? '/var/tmp/sifstage-bases'
export const registry = process.env['SIFSTAGE_TEST_REGISTRY'] ?? '127.0.0.1:5077'

export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder that the engine's user can enter, removed at the end of the test file. */
export function workFolder(): {
  readonly path: string
  write(files: Readonly<Record<string, string>>): void
  remove(): Promise<void>
} {
  const path = mkdtempSync('/var/tmp/sifstage-test-')
  // mkdtemp makes it 0700; most people's project folders are open to others, and another test covers those that are not.
  chmodSync(path, 0o755)
  mkdirSync(join(path, 'work'))
  chmodSync(join(path, 'work'), 0o777)
  return {
    path,
    write(files) {
      for (const [name, text] of Object.entries(files)) {
        mkdirSync(dirname(join(path, name)), {recursive: true})
        writeFileSync(join(path, name), text)
      }
    },
    async remove() {
      await asUser(['sh', '-c', 'unshare --map-root-user --map-auto rm -rf -- "$1"/work/* 2>/dev/null', 'sh', path], '/')
      rmSync(path, {recursive: true, force: true})
    },
  }
}

async function run(
  argv: readonly string[],
  options: {readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string},
): Promise<Ran> {
  const [file = '', ...args] = argv
  try {
    const result = await execa(file, args, {
      cwd: options.cwd,
      env: {...options.env},
      ...(options.input === undefined ? {stdin: 'ignore'} : {input: options.input}),
      stripFinalNewline: false,
    })
    return {code: result.exitCode ?? -1, stdout: result.stdout, stderr: result.stderr}
  } catch (error) {
    const failed = error as ExecaError
    return {
      code: failed.exitCode ?? -1,
      stdout: String(failed.stdout ?? ''),
      stderr: String(failed.stderr ?? '') || failed.message,
    }
  }
}

/** A command as the engine's user. */
export function asUser(argv: readonly string[], cwd: string): Promise<Ran> {
  return run(user === undefined ? argv : [join(root, 'scripts/as-user.sh'), user, ...argv], {cwd})
}

/** `sifstage ARGS` as a person would type it. */
export function sifstage(
  args: readonly string[],
  options: {readonly cwd: string; readonly env?: Readonly<Record<string, string>>; readonly input?: string},
): Promise<Ran> {
  const env = {...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}), NO_COLOR: '1', ...options.env}
  return run([join(root, 'bin/sifstage'), ...args], {...options, env})
}

/** Everything in an image: path, kind, mode, owner, size, content or link; times and which names are one file left out. */
export async function listImage(sif: string): Promise<Map<string, string>> {
  const {readSif, primaryPartition} = await import('../../src/images/sif.js')
  const {readTar} = await import('../../src/images/tar.js')
  const {offset} = primaryPartition(await readSif(sif))
  const folder = mkdtempSync('/var/tmp/sifstage-list-')
  try {
    // In the namespace of the engine's user, where the stored owners can be set.
    if (user !== undefined) await execa('chown', [user, folder])
    const unpacked = await asUser(
      [
        'unshare',
        '--map-root-user',
        '--map-auto',
        'unsquashfs',
        '-quiet',
        '-no-progress',
        '-o',
        String(offset),
        '-d',
        join(folder, 'root'),
        sif,
      ],
      '/',
    )
    if (unpacked.code !== 0) throw new Error(unpacked.stderr + unpacked.stdout)
    const argv = [
      ...(user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]),
      'unshare',
      '--map-root-user',
      '--map-auto',
      'tar',
      '--create',
      '--sort=name',
      '--numeric-owner',
      '--format=pax',
      '--xattrs',
      '--xattrs-include=*',
      '-C',
      join(folder, 'root'),
      '.',
    ]
    const [file = '', ...args] = argv
    const tar = execa(file, args, {cwd: '/', stdout: 'pipe', buffer: false})
    const entries = await readTar(tar.stdout)
    await tar
    return new Map(entries.map(({path, sameAs: _, ...rest}) => [path, JSON.stringify(rest)]))
  } finally {
    await asUser(['unshare', '--map-root-user', '--map-auto', 'rm', '-rf', join(folder, 'root')], '/')
    rmSync(folder, {recursive: true, force: true})
  }
}

/** Where podman and buildah keep the images of the tests, as variables for the engine's user. */
export async function containersEnvironment(): Promise<Readonly<Record<string, string>>> {
  const {stdout} = await execa(join(root, 'scripts/containers.sh'), ['env', ...(user === undefined ? [] : [user])])
  return Object.fromEntries([...stdout.matchAll(/(CONTAINERS_\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value]))
}
