/** What is left in an image that only building needs, and the shells in it. */
import {baseName, folderOf} from '../model/paths.js'
import type {Row} from '../model/report.js'
import {few, follow, type Topic} from './topic.js'

export interface Tool {
  readonly name: string
  readonly path: string
}

export interface Tools {
  readonly shells: readonly Tool[]
  readonly compilers: readonly Tool[]
  readonly buildTools: readonly Tool[]
  readonly packageManagers: readonly Tool[]
}

/** A cross compiler has its machine before its name, a Debian one its version behind it: `x86_64-linux-gnu-gcc-12`. */
const KINDS: readonly (readonly [keyof Tools, RegExp])[] = [
  ['shells', /^(sh|bash|dash|ash|ksh|mksh|zsh|fish|csh|tcsh)$/],
  [
    'compilers',
    /^(\w+-(\w+-)*)?(gcc|g\+\+|cc|c\+\+|c89|c99|cpp|clang|clang\+\+|flang|gfortran|f77|f95|g77|gccgo|tcc|nvcc|nvc|nvc\+\+|nvfortran|hipcc|amdclang|icc|icpc|ifort|icx|icpx|ifx|rustc|javac|ghc|swiftc)(-\d+(\.\d+)*)?$/,
  ],
  ['compilers', /^(go|mpicc|mpicxx|mpic\+\+|mpif77|mpif90|mpifort)(\.(openmpi|mpich|mvapich2))?$/],
  [
    'buildTools',
    /^((\w+-(\w+-)*)?(ld|as|ar|ranlib)|make|gmake|cmake|ninja|meson|scons|bazel|autoconf|automake|libtoolize|m4|bison|flex|git|patch|gdb|strace)$/,
  ],
  [
    'packageManagers',
    /^(apt|apt-get|aptitude|dpkg|yum|dnf|dnf5|microdnf|tdnf|rpm|zypper|apk|pacman|opkg|pip|pip3|uv|conda|mamba|micromamba|npm|yarn|pnpm|gem|cargo|spack|easy_install)$/,
  ],
]

/** As a person would name them in a row. */
const WORDS: Readonly<Record<keyof Tools, string>> = {
  shells: 'shells',
  compilers: 'compilers',
  buildTools: 'build tools',
  packageManagers: 'package managers',
}

export const tools: Topic<Tools> = {
  title: 'tools in it',
  look({tree, entries}) {
    const found: Record<keyof Tools, Tool[]> = {shells: [], compilers: [], buildTools: [], packageManagers: []}
    for (const {path, kind} of entries) {
      if ((kind !== 'file' && kind !== 'symlink') || !/^s?bin$/.test(baseName(folderOf(path)))) continue
      const name = baseName(path)
      const [group] = KINDS.find(([, pattern]) => pattern.test(name)) ?? []
      if (group === undefined) continue
      const entry = kind === 'file' ? tree.lookup(path) : follow(tree, path)
      if (entry?.kind === 'file' && (entry.mode & 0o111) !== 0) found[group].push({name, path})
    }
    const groups: readonly (keyof Tools)[] = ['shells', 'compilers', 'buildTools', 'packageManagers']
    return {
      data: found,
      rows: groups.map((group): Row => {
        const names = [...new Set(found[group].map(each => each.name))]
        return [WORDS[group], {count: found[group].length}, few(names, 12)]
      }),
    }
  },
}
