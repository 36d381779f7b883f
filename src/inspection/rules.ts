/** What is said of images held against a machine, in words. */
import type {RuleText} from '../model/check.js'

const dockerfile = (text: string) => [{format: 'dockerfile', text}] as const

/** The finding as `report --against-host` prints it, and a machine or an image that it says nothing of. */
function seen(found: string, good: string) {
  return {
    bad: `$ sifstage report tool.sif --against-host\n[...]\n${found}\n`,
    good: `${good}\n$ sifstage report tool.sif --against-host\n`,
  }
}

export const inspectionRules: readonly RuleText[] = [
  {
    name: 'built-for-this-processor',
    severity: 'warning',
    summary: 'A step compiles for the very processor of the machine that builds (-march=native, -mcpu=native, -xHost).',
    why: 'The program ends in "illegal instruction" on any processor that lacks something the builder has. Clusters often have nodes of several generations, and the login node the newest.',
    bad: dockerfile('FROM gcc:12\nRUN gcc -O3 -march=native -o /tool tool.c\n'),
    good: dockerfile('FROM gcc:12\nRUN gcc -O3 -march=x86-64-v3 -o /tool tool.c\n'),
  },
  {
    name: 'host-architecture',
    severity: 'warning',
    summary: 'The image is for another kind of processor than this machine has.',
    why: 'Its programs end in "exec format error", or run through an emulator, many times slower.',
    session: seen(
      'tool.sif:1:1: warning: the image is for arm64, and this machine is amd64: nothing in it can run here [host-architecture]\n  hint: Build it on a machine of amd64.',
      '# on a machine with arm64:',
    ),
  },
  {
    name: 'host-cpu-level',
    severity: 'warning',
    summary: 'A program of the image was linked for newer processors than those of this machine.',
    why: 'The loader refuses to start it ("CPU ISA level is lower than required"). Only programs that were linked with a level say so: of the others nothing is promised.',
    session: seen(
      "tool.sif:1:1: warning: /usr/bin/tool cannot do without x86-64-v3, and this machine's processors are x86-64-v2 [host-cpu-level]\n  hint: Compile it for x86-64-v2, or run it on newer nodes.",
      '# compiled with -march=x86-64-v2:',
    ),
  },
  {
    name: 'host-kernel',
    severity: 'warning',
    summary: "The image's C library wants a newer Linux than this machine runs.",
    why: 'Every program of the image ends in "FATAL: kernel too old". Clusters run old kernels for a long time.',
    session: seen(
      'tool.sif:1:1: warning: the image\'s C library starts on Linux 3.2.0 and newer ("FATAL: kernel too old"), and this is 2.6.32 [host-kernel]\n  hint: Take an older distribution as the base.',
      '# on a machine with Linux 5.14:',
    ),
  },
  {
    name: 'host-cuda-driver',
    severity: 'warning',
    summary: 'The image has CUDA, and the NVIDIA driver of this machine is older than that needs, or not loaded.',
    why: 'Programs start and end in "CUDA driver version is insufficient". The driver always comes from the machine (--nv), never from the image.',
    session: seen(
      "tool.sif:1:1: warning: the image has CUDA 12.4, which wants a driver from 525.60.13 on, and this machine's is 470.82.1 [host-cuda-driver]\n  hint: Take an older CUDA as the base, or one with the compatibility package (cuda-compat).",
      '# on a node with driver 550.54:',
    ),
  },
  {
    name: 'host-mpi-family',
    severity: 'warning',
    summary: 'The image has another family of MPI than this machine.',
    why: "Open MPI and MPICH have different binary interfaces: the machine's MPI can neither be bound into the image nor start its programs over several nodes, and each process believes that it is alone.",
    session: seen(
      "tool.sif:1:1: warning: the image has Open MPI 4.1.4, and this machine has MPICH 4.1 (loaded module): their binary interfaces differ, so the machine's cannot be bound into the image, nor start it over several nodes [host-mpi-family]\n  hint: Build the image with MPICH, or load another MPI here.",
      '# after loading an Open MPI:',
    ),
  },
  {
    name: 'host-glibc',
    severity: 'warning',
    summary: 'The image has CUDA and an older glibc than this machine, whose libraries may be bound into it.',
    why: 'Libraries that --nv brings in from the machine are made for its own glibc, and may not load in the image: "GLIBC_2.34 not found".',
    session: seen(
      'tool.sif:1:1: warning: the image has glibc 2.28 and this machine 2.36: libraries that --nv or --bind brings in from here may want a newer one than the image has [host-glibc]\n  hint: When a library asks for GLIBC_… that is not found, take a newer distribution as the base.',
      '# with an image of Debian 12:',
    ),
  },
]
