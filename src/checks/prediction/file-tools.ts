/** Programs that copy, move, remove, unpack and fetch files. */
import {basename} from 'node:path/posix'
import {has, operands, option, optionPath, pathOf, resolved} from '../arguments.js'
import type {Claim} from './claims.js'
import {anything, file, folderClaim, tree, type Use} from './use.js'

/** The last operand is where things go: a file of this name, or a folder that they are put into. */
export function placed({argv, folder, by, span}: Use): Claim[] {
  const target = optionPath(argv, folder, '-t', '--target-directory')
  const words = operands(argv, '-m', '--mode', '-o', '-g', '--owner', '--group', '-S', '-t')
  if (by === 'install' && has(argv, /^-\w*d\w*$|^--directory$/)) return words.map(each => folderClaim(pathOf(each, folder)))
  if (target.given) return [tree(target.path)]
  const last = words.at(-1)
  if (words.length === 1 && by === 'ln')
    return last === undefined ? [] : [file(resolved(basename(last.value ?? ''), folder), by, span)]
  const path = last === undefined ? undefined : pathOf(last, folder)
  if (path === undefined) return [anything]
  return [tree(path)]
}

/** Like a copy, and what was moved is gone. */
export function moved(use: Use): Claim[] {
  const sources = operands(use.argv).slice(0, -1)
  const gone = sources.flatMap((each): Claim[] => {
    const path = pathOf(each, use.folder)
    return path === undefined || !use.ran.certain ? [] : [{kind: 'removed', path, contents: false, span: use.span}]
  })
  return [...gone, ...placed(use)]
}

/** What is removed for certain. */
export function removed({argv, folder, ran, span}: Use): Claim[] {
  if (!ran.certain || ran.command.condition) return []
  const recursive = has(argv, /^-\w*[rR]\w*$|^--recursive$/)
  return operands(argv).flatMap((each): Claim[] => {
    const contents = each.pattern && /^[^*?[{]*\/\*$/.test(each.value ?? '')
    const path = contents ? resolved(each.value?.slice(0, -2), folder) : pathOf(each, folder)
    if (path === undefined || path === '/' || (contents && !recursive)) return []
    return [{kind: 'removed', path, contents, span}]
  })
}

/** tar: a new archive, or a folder that one is unpacked in. */
export function unpacked({argv, folder, by, span}: Use): Claim[] {
  const first = argv[1]?.raw ?? ''
  const into = optionPath(argv, folder, '-C', '--directory')
  if (/^-?[a-zA-Z]*c[a-zA-Z]*f?$/.test(first) && !first.includes('x')) {
    const named = argv.slice(2).find(each => !each.raw.startsWith('-'))
    return /f$/.test(first) && named?.raw !== '-' ? [file(pathOf(named, folder), by, span)] : []
  }
  if (has(argv, /^(--create|-c)$/)) return [anything]
  // Sources that are unpacked in / by the way make a folder there, and nothing in those that a system has.
  if (!into.given && folder === '/') return [{kind: 'tree', path: '/', except: standard}]
  return [tree(into.given ? into.path : folder)]
}

const standard = ['/opt', '/usr', '/srv', '/home', '/root', '/mnt', '/etc', '/var']

/** wget and curl: the file that they are told to write, or the folder. */
export function fetched({argv, folder, by, span}: Use): Claim[] {
  if (by === 'wget') {
    const named = optionPath(argv, folder, '-O', '--output-document')
    // `-qO- URL` prints.
    if (has(argv, /^-\w*O-$/) || option(argv, '-O') === '-') return []
    if (has(argv, /^-[a-zA-Z]+O$/))
      return [tree(folder), ...argv.filter(each => /^\//.test(each.value ?? '')).map(each => tree(pathOf(each, folder)))]
    if (named.given) return [file(named.path, by, span)]
    const below = optionPath(argv, folder, '-P', '--directory-prefix')
    const where = below.given ? below.path : folder
    const urls = operands(argv, '-P', '--directory-prefix', '-t', '--tries', '-T', '--timeout', '--header', '-U')
    // A plain address names its file.
    if (
      urls.length > 0 &&
      urls.every(each => /^[a-z]+:\/\/[^?#]*[^/?#]$/.test(each.value ?? '')) &&
      !has(argv, /^-\w*[rmx]|content-disposition/)
    )
      return urls.map(each => file(where === undefined ? undefined : resolved(basename(each.value ?? ''), where), by, span))
    return [tree(where)]
  }
  const at = argv.findIndex(each => /^(-[a-zA-Z]*o|--output)$/.test(each.raw))
  if (at !== -1) return [file(pathOf(argv[at + 1], folder), by, span)]
  return has(argv, /^-[a-zA-Z]*O[a-zA-Z]*$|^--remote-name/) ? [tree(folder)] : []
}

/** The folder of a clone, or the one it works in. */
export function git({argv, folder}: Use): Claim[] {
  const base = optionPath(argv, folder, '-C')
  const where = base.given ? base.path : folder
  const words = operands(
    argv,
    '-C',
    '-c',
    '-b',
    '--branch',
    '--depth',
    '-j',
    '--jobs',
    '--recurse-submodules',
    '--filter',
    '--reference',
  )
  if (words[0]?.value === 'config') return []
  if (words[0]?.value !== 'clone') return [tree(where)]
  const [, url, to] = words
  if (to !== undefined) return [tree(pathOf(to, where))]
  return [tree(url?.value === undefined ? undefined : resolved(basename(url.value).replace(/\.git$/, ''), where))]
}
