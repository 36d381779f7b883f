/**
 * What commonly used programs write, as far as their words tell. A program that is not in these tables, or a word whose
 * value is not known, makes a claim of `anything`: then nothing is predicted.
 */
import type {RanCommand} from '../../language/shell-walk.js'
import type {Span} from '../../model/span.js'
import {has, operands, optionPath, pathOf} from '../arguments.js'
import {cargo, cmake, compiled, configure, goTool, java, make, meson} from './build-tools.js'
import type {Claim} from './claims.js'
import {fetched, git, moved, placed, removed, unpacked} from './file-tools.js'
import {condaLike, packageRunner, packages, pip, python} from './package-tools.js'
import {anything, file, folderClaim, tree, type Use, type Workshop, written} from './use.js'

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

/** What one command may write. */
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
