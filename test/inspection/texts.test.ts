/** What files and programs say, by samples of what they really print. */
import {describe, expect, it} from 'vitest'
import {driverFor, toolkitVersion} from '../../src/inspection/cuda.js'
import {parseOsRelease} from '../../src/inspection/distribution.js'
import {cpuLevel, hostOf, moduleMpi, mpirunVersion, nvidiaDriver} from '../../src/inspection/host.js'
import {headerVersion, libraryVersion} from '../../src/inspection/mpi.js'
import {parseCapabilities} from '../../src/inspection/privileges.js'
import {exported, scriptLine} from '../../src/inspection/start.js'
import {tuningFlags} from '../../src/inspection/tuning.js'
import {compareVersions, newest, newestSymbol} from '../../src/inspection/versions.js'
import type {HostTexts} from '../../src/model/host.js'
import {humanSize, humanTime} from '../../src/reports/report-cells.js'

const V1 = 'fpu tsc msr cx8 sse sse2 lm constant_tsc'
const V2 = `${V1} pni ssse3 cx16 sse4_1 sse4_2 popcnt lahf_lm`
const V3 = `${V2} fma movbe xsave avx f16c abm bmi1 avx2 bmi2`
const V4 = `${V3} avx512f avx512dq avx512cd avx512bw avx512vl`
const cpuinfo = (...flags: readonly string[]) =>
  flags.map((each, i) => `processor\t: ${i}\nmodel name\t: One\nflags\t\t: ${each}\nbugs\t\t: x\n`).join('\n')

describe('versions', () => {
  it('are numbers between dots', () => {
    expect(newest(['2.9', '2.36', '2.4'])).toBe('2.36')
    expect(newest([])).toBeUndefined()
    expect(compareVersions('5.15.0-91', '5.15')).toBeGreaterThan(0)
    expect(compareVersions('3.2.0', '3.2')).toBe(0)
    expect(newestSymbol(['GLIBC_2.2.5', 'GLIBC_PRIVATE', 'GLIBC_2.34', 'GCC_3.0'], 'GLIBC_')).toBe('2.34')
    expect(newestSymbol(['GLIBC_PRIVATE'], 'GLIBC_')).toBeUndefined()
  })
})

describe('sizes and times for people', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1.0 kB'],
    [1_048_550, '1.0 MB'],
    [1 << 20, '1.0 MB'],
    [12_897_484, '12.3 MB'],
    [5 * 2 ** 40, '5.0 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(humanSize(bytes)).toBe(text))
  it.each([
    [0.52, '0.5 s'],
    [59.9, '59.9 s'],
    [119.7, '2 min 0 s'],
    [7325, '122 min 5 s'],
  ])('%d seconds are %s', (seconds, text) => expect(humanTime(seconds)).toBe(text))
})

describe('os-release', () => {
  it('loses its quotes and comments', () => {
    const fields = parseOsRelease('# made by hand\nID=debian\nPRETTY_NAME="Debian \\"12\\""\nNAME=\'One\'\nbad line\n')
    expect(Object.fromEntries(fields)).toEqual({ID: 'debian', PRETTY_NAME: 'Debian "12"', NAME: 'One'})
  })
})

describe('capabilities', () => {
  it('of one and of two words', () => {
    // As `getfattr -e hex` prints them after `setcap cap_net_raw+ep` and `setcap cap_setuid,cap_bpf+p`.
    expect(parseCapabilities('0100000200200000000000000000000000000000')).toEqual({names: ['cap_net_raw'], effective: true})
    expect(parseCapabilities('0000000280000000000000008000000000000000')).toEqual({
      names: ['cap_setuid', 'cap_bpf'],
      effective: false,
    })
  })
  it.each(['0100', '01000002efbfbd00000000000000000000000000000000'])('of a wrong length are none', hex =>
    expect(parseCapabilities(hex)).toEqual({names: [], effective: false}),
  )
})

describe('processors', () => {
  it.each([
    [V1, 'x86-64'],
    [V2, 'x86-64-v2'],
    [V3, 'x86-64-v3'],
    [V4, 'x86-64-v4'],
    // A level counts only upon the one below it.
    [V4.replace('bmi2', ''), 'x86-64-v2'],
  ])('flags of a level', (flags, level) => expect(cpuLevel(cpuinfo(flags))).toBe(level))
  it('the weakest counts', () => expect(cpuLevel(cpuinfo(V4, V2))).toBe('x86-64-v2'))
  it('of another architecture say nothing', () => expect(cpuLevel('Features\t: fp asimd')).toBeUndefined())
})

describe('drivers', () => {
  it('of both kernel modules', () => {
    expect(
      nvidiaDriver(
        'NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05  Sat Aug 19 01:15:15 UTC 2023\nGCC version:  12\n',
      ),
    ).toBe('535.104.05')
    expect(
      nvidiaDriver('NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  550.54.15  Release Build  (dvs-builder)\n'),
    ).toBe('550.54.15')
    expect(nvidiaDriver('nothing')).toBeUndefined()
  })
  it.each([
    ['12.2.140', '525'],
    ['11.8', '450.80'],
    ['11.0.3', '450.36'],
    ['10.2.89', '440.33'],
    ['13.0', '580'],
    ['12', '525'],
    ['7.5', undefined],
  ])('CUDA %s wants %s', (cuda, driver) => expect(driverFor(cuda)).toBe(driver))
  it('a toolkit says its version in two ways', () => {
    expect(toolkitVersion('{"cuda" : {"name" : "CUDA SDK", "version" : "12.2.20230823"}, "nvcc": {"version": "1"}}')).toBe(
      '12.2.20230823',
    )
    expect(toolkitVersion('CUDA Version 10.2.89\n')).toBe('10.2.89')
    expect(toolkitVersion('')).toBeUndefined()
  })
})

describe('MPI', () => {
  it.each([
    ['mpirun (Open MPI) 4.1.4\n\nReport bugs to http://www.open-mpi.org/community/help/\n', 'Open MPI', '4.1.4'],
    ['mpiexec (OpenRTE) 4.0.3\n', 'Open MPI', '4.0.3'],
    ['mpirun (Open MPI) 5.0.3\n', 'Open MPI', '5.0.3'],
    ['HYDRA build details:\n    Version:                                 4.0.2\n    Release Date: x\n', 'MPICH', '4.0.2'],
    ['Intel(R) MPI Library for Linux* OS, Version 2021.9 Build 20230307 (id: d82b3071db)\n', 'Intel MPI', '2021.9'],
  ])('%j', (text, family, version) => expect(mpirunVersion(text)).toEqual({family, version}))
  it('another launcher', () => expect(mpirunVersion('srun: slurm 23.02')).toBeUndefined())

  it('of modules', () => {
    expect(moduleMpi({LOADEDMODULES: 'gcc/12.2.0:mpi/openmpi/4.1.5-gcc:cuda/12.2'})).toMatchObject([
      {family: 'Open MPI', version: '4.1.5'},
    ])
    expect(moduleMpi({LOADEDMODULES: 'cray-mpich/8.1.27:craype'})).toMatchObject([{family: 'Cray MPICH', version: '8.1.27'}])
    expect(moduleMpi({I_MPI_ROOT: '/opt/intel/mpi'})).toMatchObject([{family: 'Intel MPI', source: 'I_MPI_ROOT'}])
    expect(moduleMpi({})).toEqual([])
  })

  it('of headers; those made from MPICH say its name too', () => {
    const define = (values: Readonly<Record<string, string>>) =>
      Object.entries(values)
        .map(([name, value]) => `#define ${name} ${value}\n`)
        .join('')
    expect(headerVersion(define({OMPI_MAJOR_VERSION: '4', OMPI_MINOR_VERSION: '1', OMPI_RELEASE_VERSION: '4'}))).toEqual({
      family: 'Open MPI',
      version: '4.1.4',
    })
    expect(headerVersion(define({MPICH_VERSION: '"4.0.2"'}))).toEqual({family: 'MPICH', version: '4.0.2'})
    expect(headerVersion(define({MPICH_VERSION: '"3.4.3"', MVAPICH2_VERSION: '"2.3.7"'}))).toEqual({
      family: 'MVAPICH',
      version: '2.3.7',
    })
    expect(headerVersion(define({MPICH_VERSION: '"3.4a2"', I_MPI_VERSION: '"2021.9.0"'}))).toEqual({
      family: 'Intel MPI',
      version: '2021.9.0',
    })
    expect(headerVersion('int main;')).toBeUndefined()
  })

  it('of libraries', () => {
    expect(libraryVersion(['Open MPI v4.1.6'], true)).toEqual({family: 'Open MPI', version: '4.1.6'})
    // Debian's holds the number by itself.
    expect(libraryVersion(['Open MPI v', 'v4.1.4'], true)).toEqual({family: 'Open MPI', version: '4.1.4'})
    expect(libraryVersion(['Open MPI v', 'v4.1.4', 'v1.2.3'], true)).toEqual({family: 'Open MPI', version: undefined})
    expect(libraryVersion(['MPICH Version:', '4.0.2'], false)).toEqual({family: 'MPICH', version: '4.0.2'})
    expect(libraryVersion(['Intel(R) MPI Library 2021.9', 'MPICH Version:'], false)).toEqual({
      family: 'Intel MPI',
      version: '2021.9',
    })
    expect(libraryVersion(['MVAPICH2 Version', 'MPICH Version:', '2.3.7'], false)).toEqual({family: 'MVAPICH', version: '2.3.7'})
    expect(libraryVersion(['CRAY MPICH version 8.1.27.'], false)).toEqual({family: 'Cray MPICH', version: '8.1.27'})
    expect(libraryVersion(['1.2.3'], false)).toBeUndefined()
  })
})

describe('run scripts', () => {
  it('in a line', () => {
    expect(scriptLine('#!/bin/sh\n# Hello\ncd /srv || exit\n\nexec hello "$@"\n')).toBe('cd /srv || exit; exec hello "$@"')
    expect(scriptLine('#!/bin/sh\n')).toBeUndefined()
    expect(scriptLine(`#!/bin/sh\n${'x'.repeat(500)}`)).toHaveLength(161)
  })
  it("Apptainer's own for an OCI image says what that image runs", () =>
    expect(scriptLine(`#!/bin/sh\nOCI_ENTRYPOINT='"/bin/serve"'\nOCI_CMD='"--port" "80"'\nCMDLINE_ARGS=""\n`)).toBe(
      '"/bin/serve" "--port" "80"',
    ))
  it('variables that are exported', () => {
    expect(exported('#!/bin/sh\nexport A=1\nB=2\nC="3 4"\nexport C\n# export D=5\nexport E="$A/x"\n')).toEqual([
      {name: 'A', value: '1'},
      {name: 'C', value: '3 4'},
      {name: 'E', value: '1/x'},
    ])
    expect(exported('export PATH="/opt/bin:$PATH"').map(each => each.name)).toEqual(['PATH'])
  })
})

describe('flags for processors', () => {
  it.each([
    ['gcc -O2 -march=native -o a a.c', ['-march=native']],
    ['icx -xHost a.c', ['-xHost']],
    ['clang -mcpu=neoverse-n1 a.c', ['-mcpu=neoverse-n1']],
    ['make CFLAGS="-O3 -march=x86-64-v3"', ['-march=x86-64-v3']],
    ['rustc -C target-cpu=native', ['-C target-cpu=native']],
    ['gcc -march=x86-64 -mtune=native a.c', []],
    ['echo /opt/x-march=native', []],
  ])('%s', (text, flags) => expect(tuningFlags(text)).toEqual(flags))
})

describe('a machine', () => {
  const texts: HostTexts = {
    architecture: 'amd64',
    release: '5.14.0-362.el9.x86_64',
    cpuinfo: cpuinfo(V3),
    glibc: '2.34',
    nvidia: undefined,
    mpirun: 'mpirun (Open MPI) 4.1.4\n',
    binfmt: ['register', 'qemu-aarch64', 'status'],
    environment: {},
  }
  it('in facts', () =>
    expect(hostOf(texts)).toEqual({
      architecture: 'amd64',
      kernel: '5.14.0',
      level: 'x86-64-v3',
      glibc: '2.34',
      nvidiaDriver: undefined,
      mpi: [{family: 'Open MPI', version: '4.1.4', source: 'mpirun'}],
      emulated: new Set(['arm64']),
    }))
  it('a loaded module counts before what is in PATH', () =>
    expect(hostOf({...texts, environment: {LOADEDMODULES: 'mpich/4.1'}}).mpi).toMatchObject([{family: 'MPICH'}]))
})
