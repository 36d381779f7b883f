/**
 * Git repositories that ADD takes files from (K105), by the machine's own `git`. It asks nobody anything and runs no
 * hooks, filters or helpers of the caller's configuration.
 */
import {cp, mkdir, readdir, realpath, rm, stat} from 'node:fs/promises'
import {join, resolve, sep} from 'node:path'
import {ExitCode, SifstageError} from '../model/errors.js'
import type {GitSource} from '../model/supplies.js'
import {errorCode} from './files.js'
import {capture} from './processes.js'

const COMMIT = /^[0-9a-f]{40}([0-9a-f]{24})?$/

/** The environment of every call. */
function environmentOf(caller: NodeJS.ProcessEnv): Record<string, string> {
  const passed = [
    'PATH',
    'HTTP_PROXY',
    'HTTPS_PROXY',
    'NO_PROXY',
    'ALL_PROXY',
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'SSH_AUTH_SOCK',
    'HOME',
  ]
  const env: Record<string, string> = {
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '/bin/false',
    SSH_ASKPASS: '/bin/false',
    GIT_SSH_COMMAND: 'ssh -o BatchMode=yes',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: 'https:http:git:ssh:file',
    GIT_LFS_SKIP_SMUDGE: '1',
  }
  for (const name of passed.flatMap(each => [each, each.toLowerCase()])) {
    const value = caller[name]
    if (value !== undefined) env[name] = value
  }
  return env
}

export function gitSources(environment: NodeJS.ProcessEnv): {
  commitOf(source: GitSource, signal: AbortSignal): Promise<string>
  checkOut(source: GitSource, commit: string, folder: string, signal: AbortSignal): Promise<string>
} {
  const env = environmentOf(environment)
  async function git(source: GitSource, args: readonly string[], cwd: string, signal: AbortSignal): Promise<readonly string[]> {
    const safe = [
      '-c',
      'core.hooksPath=/dev/null',
      '-c',
      'credential.helper=',
      '-c',
      'protocol.ext.allow=never',
      '-c',
      'core.fsmonitor=false',
    ]
    let ran: Awaited<ReturnType<typeof capture>>
    try {
      ran = await capture(['git', ...safe, ...args], {cwd, env, signal})
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw error
      throw new SifstageError(
        ExitCode.noEngine,
        'git is not installed, and ADD of a repository needs it',
        'Ask the administrator for the package git (apt-get install git, dnf install git).',
      )
    }
    if (ran.exitCode === 0) return ran.lines
    const said = ran.lines.findLast(line => /^(fatal|error):/.test(line)) ?? ran.lines.at(-1) ?? 'git failed'
    throw new SifstageError(
      ExitCode.failed,
      `${source.repository}: ${said}`,
      'Look at the address, the ref and your access to it; git is not allowed to ask for a password here.',
    )
  }

  return {
    async commitOf(source, signal) {
      const {repository, ref, checksum} = source
      let commit: string
      if (ref !== undefined && COMMIT.test(ref)) commit = ref
      else {
        const lines = await git(
          source,
          ['ls-remote', '--', repository, ...(ref === undefined ? ['HEAD'] : [ref, `${ref}^{}`])],
          '/',
          signal,
        )
        const rows = lines.flatMap(line => {
          const [id = '', name = ''] = line.split('\t')
          return COMMIT.test(id) ? [{id, name}] : []
        })
        // A tag before a branch, and what an annotated tag stands for before the tag itself.
        const wanted =
          ref === undefined ? ['HEAD'] : [`refs/tags/${ref}^{}`, `${ref}^{}`, `refs/tags/${ref}`, `refs/heads/${ref}`, ref]
        const found = wanted.flatMap(name => rows.find(row => row.name === name) ?? [])[0] ?? rows[0]
        if (found === undefined)
          throw new SifstageError(
            ExitCode.failed,
            `${repository} has no ${ref ?? 'HEAD'}`,
            'Name a branch, a tag or a whole commit.',
          )
        commit = found.id
      }
      if (checksum !== undefined && !commit.startsWith(checksum))
        throw new SifstageError(
          ExitCode.failed,
          `${repository}: ${ref ?? 'HEAD'} is commit ${commit}, not ${checksum}`,
          'The branch or tag has moved, or the description names the wrong commit.',
        )
      return commit
    },

    async checkOut(source, commit, folder, signal) {
      const {repository, keepGitDir, submodules} = source
      const tree = join(folder, 'tree')
      await mkdir(tree, {recursive: true})
      await git(source, ['init', '--quiet', '--template=', tree], '/', signal)
      await git(source, ['remote', 'add', 'origin', repository], tree, signal)
      // A server that gives no single commits gives them all.
      await git(source, ['fetch', '--quiet', '--depth=1', 'origin', commit], tree, signal).catch(async () => {
        signal.throwIfAborted()
        await git(source, ['fetch', '--quiet', '--tags', 'origin', '+refs/heads/*:refs/remotes/origin/*'], tree, signal)
      })
      await git(source, ['checkout', '--quiet', '--detach', commit], tree, signal)
      if (submodules) await git(source, ['submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1'], tree, signal)
      if (!keepGitDir) await removeGitFolders(tree)
      const wanted = resolve(tree, `./${source.folder ?? ''}`)
      const real = await realpath(wanted).catch(() => undefined)
      if (real === undefined || (real !== tree && !real.startsWith(tree + sep)) || !(await stat(real)).isDirectory())
        throw new SifstageError(
          ExitCode.failed,
          `${repository} has no folder ${source.folder ?? ''} at ${commit}`,
          'Look at the folder behind the colon of the address, and at the ref.',
        )
      if (real === tree || !keepGitDir) return real
      // With the history, but as a folder of its own.
      await cp(join(tree, '.git'), join(real, '.git'), {recursive: true})
      return real
    },
  }
}

/** `.git` of the repository and the `.git` files of its submodules. */
async function removeGitFolders(tree: string): Promise<void> {
  const open = [tree]
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    for (const entry of await readdir(folder, {withFileTypes: true})) {
      if (entry.name === '.git') await rm(join(folder, entry.name), {recursive: true, force: true})
      else if (entry.isDirectory()) open.push(join(folder, entry.name))
    }
  }
}
