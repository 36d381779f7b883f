/** Compilers, and programs that build: where the words of one say that its results go. */
import type {ShellArgument} from '../../language/shell-walk.js'
import {joinPath} from '../../model/paths.js'
import type {Span} from '../../model/span.js'
import {has, option, optionPath, pathOf, resolved} from '../arguments.js'
import type {Claim} from './claims.js'
import {anything, file, output, prefix, tree, type Use} from './use.js'

/** `-o FILE`; without it `a.out` or, with `-c`, objects. */
export function compiled(program: string, argv: readonly ShellArgument[], folder: string | undefined, span: Span): Claim[] {
  if (argv.some(each => each.value === undefined && each.raw.startsWith('@'))) return [anything]
  const output = argv.findIndex(each => (each.value ?? each.raw) === '-o')
  if (output !== -1) return [file(pathOf(argv[output + 1], folder), program, span, true)]
  const joined = argv.find(each => /^-o./.test(each.value ?? '') && !/^-openmp|^-objc/.test(each.value ?? ''))
  if (joined?.value !== undefined) return [file(resolved(joined.value.slice(2), folder), program, span, true)]
  if (has(argv, /^(-v|-V|--version|-dumpversion|-dumpmachine|-print-.*|--help|-E|-fsyntax-only)$/)) return []
  if (program === 'rustc' || has(argv, /^(-c|-S|--device-c|-dc)$/) || !has(argv, /\.(c|cc|cpp|cxx|cu|f|F|f90|F90|o|s|S)$/))
    return [tree(folder)]
  return [file(resolved('a.out', folder), program, span, true)]
}

/** In its folder and, with `install`, below the prefix that somebody named. */
export function make({argv, folder, workshop, by, span}: Use): Claim[] {
  const base = optionPath(argv, folder, '-C', '--directory')
  const where = base.given ? base.path : folder
  const claims: Claim[] = [tree(where)]
  if (!has(argv.slice(1), /install/)) return claims
  const given = argv.find(each => /^(DESTDIR|PREFIX|prefix|INSTALL_PREFIX|CMAKE_INSTALL_PREFIX)=/.test(each.raw))
  if (given !== undefined) {
    const path = resolved(given.value?.slice(given.value.indexOf('=') + 1), where)
    return path === undefined ? [anything] : [...claims, tree(path), {kind: 'output', path, by, span, tool: 'prefix'}]
  }
  // The prefix was said when the build was configured; a Makefile alone may put things anywhere.
  return workshop.prefixes.size === 0 ? [...claims, anything] : claims
}

/** In its folder; says the prefix. */
export function configure(use: Use): Claim[] {
  const given = optionPath(use.argv, use.folder, '--prefix', '-prefix')
  return [tree(use.folder), ...prefix(given.given ? given.path : '/usr/local', use)]
}

/** In the folder of the build; says the prefix, or installs below it. */
export function cmake(use: Use): Claim[] {
  const {argv, folder, workshop} = use
  const action = argv[1]?.value
  if (action === '--build') {
    return [tree(pathOf(argv[2], folder)), ...(has(argv, /install/) && workshop.prefixes.size === 0 ? [anything] : [])]
  }
  if (action === '--install') {
    const given = optionPath(argv, folder, '--prefix')
    if (given.given) return prefix(given.path, use)
    return workshop.prefixes.size === 0 ? [anything] : []
  }
  if (action === '-E' || action === '-P') return [anything]
  if (action === '--version') return []
  const build = optionPath(argv, folder, '-B')
  const set = defined(argv, /^CMAKE_INSTALL_PREFIX(:\w+)?=/)
  const staging = defined(argv, /^(CMAKE_(RUNTIME|LIBRARY|ARCHIVE)_OUTPUT|EXECUTABLE_OUTPUT_PATH)/) !== undefined
  const given = optionPath(argv, folder, '--install-prefix')
  const path =
    set !== undefined
      ? resolved(set.value === undefined ? undefined : set.value.slice(set.value.indexOf('=') + 1), folder)
      : given.given
        ? given.path
        : has(argv, /^--preset|^-C/)
          ? undefined
          : '/usr/local'
  return [tree(build.given ? build.path : folder), ...prefix(path, use), ...(staging ? [anything] : [])]
}

/** `-DNAME=VALUE` or `-D NAME=VALUE`. */
function defined(argv: readonly ShellArgument[], pattern: RegExp): ShellArgument | undefined {
  return argv.find((each, at) => {
    if (each.raw.startsWith('-D')) return pattern.test(each.raw.slice(2))
    return argv[at - 1]?.raw === '-D' && pattern.test(each.raw)
  })
}

/** In its folder; says the prefix, or installs below it. */
export function meson(use: Use): Claim[] {
  const {argv, folder, workshop} = use
  const action = argv[1]?.value
  if (action === 'install') {
    const staged = optionPath(argv, folder, '--destdir')
    if (staged.given) return output(staged.path, use, 'prefix')
    return workshop.prefixes.size === 0 ? [anything] : []
  }
  const given = optionPath(argv, folder, '--prefix', '-Dprefix')
  if (action === 'compile' || action === 'test') return [tree(folder)]
  return [tree(folder), ...prefix(given.given ? given.path : '/usr/local', use)]
}

/** The file of `-o`, or the folder; modules and programs that are installed lie below GOPATH. */
export function goTool(use: Use): Claim[] {
  const {argv, folder, by, span} = use
  switch (argv[1]?.value) {
    case 'build': {
      const at = argv.findIndex(each => each.value === '-o')
      if (at === -1) return [tree(folder)]
      const target = argv[at + 1]
      const path = pathOf(target, folder)
      if (path === undefined) return [anything]
      // A folder takes as many programs as packages are named.
      return target?.value?.endsWith('/') === true || !/(^|\/)[^/]+$/.test(path) || hasManyPackages(argv)
        ? [tree(path)]
        : [file(path, `${by} build`, span, true)]
    }
    case 'install':
    case 'get':
      return use.ran.assigned.some(each => each.name === 'GOBIN') ? [anything] : [tree('/go'), tree('/root/go')]
    case 'test':
    case 'vet':
    case 'env':
    case 'version':
    case 'mod':
    case 'list':
    case 'clean':
    case 'fmt':
      return [tree('/go'), tree('/root/go')]
    default:
      return [anything]
  }
}

function hasManyPackages(argv: readonly ShellArgument[]): boolean {
  return has(argv, /\.\.\.$/) || argv.filter(each => /^\.\/\S/.test(each.value ?? '')).length > 1
}

/** Tells where cargo puts what it builds: `target/[TRIPLE/]PROFILE`. */
export function cargo(use: Use): Claim[] {
  const {argv, folder, by, span, ran} = use
  const at = argv.findIndex((each, place) => place > 0 && !each.raw.startsWith('-') && !each.raw.startsWith('+'))
  const action = argv[at]?.value
  switch (action) {
    case 'build':
    case 'b':
    case 'rustc': {
      const own = optionPath(argv, folder, '--target-dir')
      const manifest = option(argv, '--manifest-path')
      const variable = ran.assigned.find(each => each.name === 'CARGO_TARGET_DIR')
      if (manifest !== undefined || option(argv, '--out-dir', '--artifact-dir') !== undefined) return [anything]
      const target = own.given ? own.path : variable === undefined ? resolved('target', folder) : resolved(variable.value, folder)
      if (target === undefined) return [anything]
      const triple = option(argv, '--target')
      const named = option(argv, '--profile')
      const profile = named ?? (has(argv, /^(--release|-r)$/) ? 'release' : 'debug')
      if (profile === 'unknown' || triple === 'unknown') return [anything]
      const path = [target, ...(triple === undefined ? [] : [triple]), profile === 'dev' ? 'debug' : profile].join('/')
      return [tree(path), {kind: 'output', path, by: `${by} build`, span, tool: 'cargo'}]
    }
    case 'install': {
      const root = optionPath(argv, folder, '--root')
      return root.given ? output(root.path, use, 'prefix') : [tree('/usr/local/cargo'), tree('/root/.cargo')]
    }
    case 'fetch':
    case 'check':
    case 'clippy':
    case 'fmt':
    case 'update':
    case 'generate-lockfile':
    case 'vendor':
    case 'clean':
    case undefined:
      return []
    case 'test':
    case 't':
    case 'run':
      return [anything]
    default:
      return [anything]
  }
}

/** `target` of Maven and `build` of Gradle, in every module. */
export function java(use: Use, segment: string): Claim[] {
  const {argv, folder, by, span} = use
  const given = optionPath(argv, folder, '-f', '--file', '-p', '--project-dir')
  const place = argv.find(each => /^-D(buildDirectory|project\.build\.directory|outputDirectory)/.test(each.raw))
  if (given.given || place !== undefined || folder === undefined || has(argv, /install|deploy|assembly|dependency/))
    return [anything]
  return [
    {kind: 'tree', path: folder, segment},
    {kind: 'output', path: joinPath(folder, segment), by, span, tool: 'java'},
  ]
}
