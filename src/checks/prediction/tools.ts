/**
 * What commonly used programs write, as far as their words tell. A program that is not in these tables, or a word whose
 * value is not known, makes a claim of `anything`: then nothing is predicted.
 */
import {basename} from 'node:path/posix'
import {absolutePath} from '../../language/paths.js'
import type {RanCommand, ShellArgument} from '../../language/shell-walk.js'
import type {Span} from '../../model/span.js'
import type {Claim, OutputTool} from './claims.js'

/** What is remembered from one command to the next. */
export interface Workshop {
  /** Prefixes that configure, cmake and meson were given; undefined: one whose value is not known. */
  readonly prefixes: Set<string | undefined>
}

const anything: Claim = {kind: 'anything'}

/** Programs that write no file that anybody copies. */
const quiet = new Set(
  `: [ [[ ] adduser addgroup alias apt-cache apt-key apt-mark arch bg bind break cat chgrp chmod chown chpasswd cmp continue cut date
  debconf-set-selections df diff dirname disown dpkg-reconfigure du echo egrep exit export expr false fg fgrep file for free getconf
  getent gpasswd grep groupadd groupmod head hash hostname id jobs kill ldconfig ldd let local locale locale-gen ls lscpu md5sum nm
  nproc objdump passwd popd printf ps pushd pwd read readelf readlink readonly realpath return select seq set setfacl sha1sum
  sha256sum sha512sum shasum shift shopt sleep sort stat strip stty sync tail test tr trap true tty type ulimit umask unalias uname
  uniq unset uptime useradd usermod userdel wait wc which whoami declare typeset case basename cd command update-ca-certificates
  update-alternatives update-locale size nvidia-smi mpirun mpiexec valgrind`.split(/\s+/),
)

const compiler =
  /^(?:[\w.]+-)*(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|gfortran|flang|nvcc|hipcc|mpicc|mpicxx|mpic\+\+|mpiCC|mpif77|mpif90|mpifort|icc|icpc|icx|icpx|ifort|ifx|ld|rustc|nvc|nvc\+\+|nvfortran|tcc)(?:-[\d.]+)?$/

export function claimsOf(ran: RanCommand, workshop: Workshop, span: Span): Claim[] {
  const {program, argv, folder} = ran
  const claims: Claim[] = []
  for (const {operator, target} of ran.redirects) {
    if (operator.startsWith('<') || operator === '>&') continue
    claims.push(...written([target], folder, span, 'a redirection'))
  }
  if (program === undefined) return [...claims, anything]
  if (program === '' || quiet.has(program)) return claims
  if (compiler.test(program)) return [...claims, ...compiled(program, argv, folder, span)]
  const tool = tools.get(program)
  if (tool === undefined) return [...claims, anything]
  return [...claims, ...tool({argv, folder, span, workshop, by: program, ran})]
}

interface Use {
  readonly argv: readonly ShellArgument[]
  readonly folder: string | undefined
  readonly span: Span
  readonly workshop: Workshop
  readonly by: string
  readonly ran: RanCommand
}

/** An argument as a path; undefined when it is not plain. */
function pathOf(argument: ShellArgument | undefined, folder: string | undefined): string | undefined {
  return argument === undefined || argument.pattern ? undefined : resolved(argument.value, folder)
}

function resolved(value: string | undefined, folder: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined
  if (value.startsWith('/')) return absolutePath('/', value)
  return folder === undefined ? undefined : absolutePath(folder, value)
}

function tree(path: string | undefined, segment?: string): Claim {
  if (path === undefined) return anything
  return segment === undefined ? {kind: 'tree', path} : {kind: 'tree', path, segment}
}

function file(path: string | undefined, by: string, span: Span, isCompiled = false): Claim {
  return path === undefined ? anything : {kind: 'file', path, by, span, compiled: isCompiled}
}

function written(targets: readonly ShellArgument[], folder: string | undefined, span: Span, by: string): Claim[] {
  return targets.flatMap(each => {
    if (each.value?.startsWith('/dev/') === true || /^&?\d+$|^-$/.test(each.raw)) return []
    return file(pathOf(each, folder), by, span)
  })
}

/** The value of `--name VALUE`, `--name=VALUE`, `-nVALUE`; `unknown` when it is there and cannot be told. */
function option(argv: readonly ShellArgument[], ...names: readonly string[]): string | 'unknown' | undefined {
  for (const [at, each] of argv.entries()) {
    const text = each.value ?? each.raw
    for (const name of names) {
      if (text === name) {
        const next = argv[at + 1]
        return next === undefined ? undefined : (next.value ?? 'unknown')
      }
      if (name.startsWith('--') && text.startsWith(`${name}=`)) return each.value?.slice(name.length + 1) ?? 'unknown'
      if (/^-[A-Za-z]$/.test(name) && text.startsWith(name) && text.length > 2 && !text.startsWith('--'))
        return each.value?.slice(2) ?? 'unknown'
    }
  }
  return undefined
}

function optionPath(argv: readonly ShellArgument[], folder: string | undefined, ...names: readonly string[]) {
  const value = option(argv, ...names)
  if (value === undefined) return {given: false, path: undefined} as const
  return {given: true, path: value === 'unknown' ? undefined : resolved(value, folder)} as const
}

/** The words that are no options. Options with a value of their own have to be named. */
export function operands(argv: readonly ShellArgument[], ...valued: readonly string[]): ShellArgument[] {
  const found: ShellArgument[] = []
  let skip = false
  for (const each of argv.slice(1)) {
    if (skip) skip = false
    else if (valued.includes(each.raw)) skip = true
    else if (!each.raw.startsWith('-')) found.push(each)
  }
  return found
}

export function has(argv: readonly ShellArgument[], pattern: RegExp): boolean {
  return argv.some(each => pattern.test(each.value ?? each.raw))
}

/** `-o FILE`; without it `a.out` or, with `-c`, objects. */
function compiled(program: string, argv: readonly ShellArgument[], folder: string | undefined, span: Span): Claim[] {
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

function output(path: string | undefined, {by, span}: Use, tool: OutputTool): Claim[] {
  return path === undefined ? [anything] : [tree(path), {kind: 'output', path, by, span, tool}]
}

const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib64', '/etc', '/var', '/run', '/boot']
/** Packages leave /usr/local to whoever runs the machine. */
const system: readonly Claim[] = systemFolders.map(path => ({kind: 'tree', path, except: ['/usr/local']}))

/** Packages of the distribution keep to its folders; those of others do as they like. */
function packages({argv}: Use): Claim[] {
  const foreign = argv.slice(1).some(each => /\.(deb|rpm|apk)$|[/]/.test(each.value ?? each.raw))
  return foreign ? [anything] : [...system]
}

function make({argv, folder, workshop, by, span}: Use): Claim[] {
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

function prefix(path: string | undefined, use: Use): Claim[] {
  use.workshop.prefixes.add(path)
  return output(path, use, 'prefix')
}

function configure(use: Use): Claim[] {
  const given = optionPath(use.argv, use.folder, '--prefix', '-prefix')
  return [tree(use.folder), ...prefix(given.given ? given.path : '/usr/local', use)]
}

function cmake(use: Use): Claim[] {
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

function meson(use: Use): Claim[] {
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

function goTool(use: Use): Claim[] {
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
function cargo(use: Use): Claim[] {
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

function pip(use: Use): Claim[] {
  const {argv, folder} = use
  if (has(argv, /^(wheel|download)$/)) {
    const given = optionPath(argv, folder, '-w', '--wheel-dir', '-d', '--dest')
    return [tree(given.given ? given.path : folder)]
  }
  if (!has(argv, /^install$/)) return []
  const given = optionPath(argv, folder, '--prefix', '--target', '-t', '--root')
  if (given.given) return output(given.path, use, 'prefix')
  return has(argv, /^--user$/) ? output('/root/.local', use, 'prefix') : [tree('/usr'), tree('/root'), tree('/opt/conda')]
}

function python(use: Use): Claim[] {
  const {argv, folder, span, by} = use
  const at = argv.findIndex(each => each.value === '-m')
  if (at === -1) return has(argv, /^(--version|-V)$/) ? [] : [anything]
  switch (argv[at + 1]?.value) {
    case 'venv':
    case 'virtualenv':
      return operands(argv.slice(at + 1), '--prompt').flatMap(each => tree(pathOf(each, folder)))
    case 'pip':
    case 'ensurepip':
      return pip({...use, argv: argv.slice(at + 1)})
    case 'build': {
      const given = optionPath(argv, folder, '--outdir', '-o')
      const path = given.given ? given.path : resolved('dist', folder)
      if (path === undefined) return [anything]
      return [tree(path), {kind: 'output', path, by: `${by} -m build`, span, tool: 'python'}]
    }
    default:
      return [anything]
  }
}

/** A bundler that is told its output folder writes there and nowhere else. */
function bundled(use: Use): Claim[] {
  const {argv, folder, by, span} = use
  const given = optionPath(argv, folder, '--outDir', '--out-dir', '--outdir', '--output-path', '--dest')
  if (given.given) {
    if (given.path === undefined) return [anything]
    return [tree(given.path), {kind: 'output', path: given.path, by, span, tool: 'bundle'}]
  }
  return [tree(folder)]
}

function packageRunner(use: Use): Claim[] {
  const {argv, folder} = use
  const action = argv[1]?.value
  if (
    action === 'run' ||
    action === 'run-script' ||
    use.by === 'npx' ||
    action === 'exec' ||
    use.by === 'vite' ||
    use.by === 'tsc'
  )
    return bundled(use)
  if (has(argv, /^(-g|--global)$/)) return [tree('/usr')]
  if (action === 'cache' || action === 'config' || action === 'version') return []
  if (use.by === 'yarn' && action !== undefined && !/^(install|add|cache|config)$/.test(action)) return bundled(use)
  // node_modules, and whatever the scripts of packages make beside it.
  return folder === undefined ? [anything] : [{kind: 'tree', path: folder, weak: true}]
}

function java(use: Use, segment: string): Claim[] {
  const {argv, folder, by, span} = use
  const given = optionPath(argv, folder, '-f', '--file', '-p', '--project-dir')
  const place = argv.find(each => /^-D(buildDirectory|project\.build\.directory|outputDirectory)/.test(each.raw))
  if (given.given || place !== undefined || folder === undefined || has(argv, /install|deploy|assembly|dependency/))
    return [anything]
  return [
    {kind: 'tree', path: folder, segment},
    {kind: 'output', path: `${folder === '/' ? '' : folder}/${segment}`, by, span, tool: 'java'},
  ]
}

/** The last operand is where things go: a file of this name, or a folder that they are put into. */
function placed({argv, folder, by, span}: Use): Claim[] {
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

function folderClaim(path: string | undefined): Claim {
  return path === undefined ? anything : {kind: 'folder', path}
}

function moved(use: Use): Claim[] {
  const sources = operands(use.argv).slice(0, -1)
  const gone = sources.flatMap((each): Claim[] => {
    const path = pathOf(each, use.folder)
    return path === undefined || !use.ran.certain ? [] : [{kind: 'removed', path, contents: false, span: use.span}]
  })
  return [...gone, ...placed(use)]
}

function removed({argv, folder, ran, span}: Use): Claim[] {
  if (!ran.certain || ran.command.condition) return []
  const recursive = has(argv, /^-\w*[rR]\w*$|^--recursive$/)
  return operands(argv).flatMap((each): Claim[] => {
    const contents = each.pattern && /^[^*?[{]*\/\*$/.test(each.value ?? '')
    const path = contents ? resolved(each.value?.slice(0, -2), folder) : pathOf(each, folder)
    if (path === undefined || path === '/' || (contents && !recursive)) return []
    return [{kind: 'removed', path, contents, span}]
  })
}

function unpacked({argv, folder, by, span}: Use): Claim[] {
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

function fetched({argv, folder, by, span}: Use): Claim[] {
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

function git({argv, folder}: Use): Claim[] {
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

function condaLike({argv, folder}: Use): Claim[] {
  const given = optionPath(argv, folder, '-p', '--prefix')
  if (has(argv, /^(clean|config|info|list|init)$/)) return []
  if (given.given) return [tree(given.path)]
  return [anything]
}

type Tool = (use: Use) => Claim[]

const tools: ReadonlyMap<string, Tool> = new Map<string, Tool>([
  ...['apt', 'apt-get', 'aptitude', 'dnf', 'yum', 'microdnf', 'zypper', 'apk', 'pacman'].map((name): [string, Tool] => [
    name,
    packages,
  ]),
  ...['make', 'gmake', 'ninja'].map((name): [string, Tool] => [name, make]),
  ['configure', configure],
  ['cmake', cmake],
  ['meson', meson],
  ['go', goTool],
  ['cargo', cargo],
  ['pip', pip],
  ['pip3', pip],
  ...['python', 'python3'].map((name): [string, Tool] => [name, python]),
  ['virtualenv', ({argv, folder}) => operands(argv, '-p', '--python', '--prompt').map(each => tree(pathOf(each, folder)))],
  ...['npm', 'yarn', 'pnpm', 'npx', 'vite', 'tsc'].map((name): [string, Tool] => [name, packageRunner]),
  ...['mvn', 'mvnw'].map((name): [string, Tool] => [name, use => java(use, 'target')]),
  ...['gradle', 'gradlew'].map((name): [string, Tool] => [name, use => java(use, 'build')]),
  ['javac', ({argv, folder}) => [tree(optionPath(argv, folder, '-d').given ? optionPath(argv, folder, '-d').path : folder)]],
  ['mkdir', ({argv, folder}) => operands(argv, '-m', '--mode').map(each => folderClaim(pathOf(each, folder)))],
  ['touch', ({argv, folder, by, span}) => operands(argv, '-d', '-r', '-t').map(each => file(pathOf(each, folder), by, span))],
  ['tee', ({argv, folder, span, by}) => written(operands(argv), folder, span, by)],
  ['sed', ({argv, folder}) => (has(argv, /^-\w*i|^--in-place/) ? [] : has(argv, /^w /) ? [tree(folder)] : [])],
  ['cp', placed],
  ['install', placed],
  ['ln', placed],
  ['rsync', placed],
  ['mv', moved],
  ['rm', removed],
  ['rmdir', removed],
  ['tar', unpacked],
  ['unzip', ({argv, folder}) => [tree(optionPath(argv, folder, '-d').given ? optionPath(argv, folder, '-d').path : folder)]],
  ...[
    'gunzip',
    'gzip',
    'xz',
    'unxz',
    'bunzip2',
    'bzip2',
    'zip',
    'patch',
    'ar',
    'ranlib',
    'objcopy',
    'split',
    'autoconf',
    'automake',
    'autoreconf',
    'libtoolize',
    'aclocal',
    'autoheader',
  ].map((name): [string, Tool] => [
    name,
    ({argv, folder}) => [
      tree(folder),
      ...operands(argv)
        .filter(each => each.value?.startsWith('/') !== false)
        .map(each => tree(pathOf(each, folder)?.replace(/\/[^/]+$/, '') || '/')),
    ],
  ]),
  ['wget', fetched],
  ['curl', fetched],
  ['git', git],
  ...['conda', 'mamba', 'micromamba'].map((name): [string, Tool] => [name, condaLike]),
  ['conda-pack', ({argv, folder, by, span}) => [file(optionPath(argv, folder, '-o', '--output').path, by, span)]],
])
