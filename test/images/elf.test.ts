/** ELF files as readelf reads them: every program and library of this machine, and of the images that tests use. */
import {createReadStream, readdirSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {readElf} from '../../src/images/elf.js'
import {ElfError, HeldBytes, NeedsBytes} from '../../src/images/elf-bytes.js'
import {Listing} from '../../src/images/listing.js'
import {readPrograms} from '../../src/images/programs.js'
import type {Image, ImageEntry} from '../../src/model/image.js'
import type {Program} from '../../src/model/program.js'
import {workFolder} from '../support/engine.js'

/** Files of this machine as an image; each in chunks of its own size, as archives hand them over. */
function hostImage(paths: readonly string[], chunk = 65_536): Image {
  const entries = paths.map((path): ImageEntry => ({path, kind: 'file', mode: 0o755, uid: 0, gid: 0, size: statSync(path).size}))
  return {
    tree: new Listing(entries),
    async contents(wanted, visit) {
      for (const path of wanted) {
        const stream = createReadStream(path, {highWaterMark: chunk})
        await visit(path, stream)
        stream.destroy()
      }
    },
    close: async () => {},
  }
}

/** All that readelf says of files, in the words of `Program`. */
async function judge(paths: readonly string[]): Promise<Map<string, Record<string, unknown>>> {
  const {stdout} = await execa('readelf', ['-W', '-h', '-l', '-d', '-V', ...paths], {
    env: {LC_ALL: 'C'},
    reject: false,
    maxBuffer: 1 << 30,
  })
  const result = new Map<string, Record<string, unknown>>()
  for (const part of stdout.split(/^File: /m).slice(1)) {
    const path = part.slice(0, part.indexOf('\n'))
    if (!part.includes('ELF Header:')) continue
    const all = (pattern: RegExp) => [...part.matchAll(pattern)].map(match => match[1] ?? '')
    const wants: string[] = []
    const needs = /Version needs section[\s\S]*?(?=\n\n|$)/.exec(part)?.[0] ?? ''
    let library = ''
    for (const line of needs.split('\n')) {
      library = /File: (\S+)/.exec(line)?.[1] ?? library
      const version = /Name: (\S+) +Flags: (.*?) +Version:/.exec(line)
      if (version) wants.push(`${library} ${version[1]}${version[2]?.includes('WEAK') ? ' weak' : ''}`)
    }
    const definitions = /Version definition section[\s\S]*?(?=\n\n|$)/.exec(part)?.[0] ?? ''
    const gives = [...definitions.matchAll(/Flags: (\S+).*Name: (\S+)/g)].flatMap(match =>
      match[1] === 'BASE' ? [] : [match[2]],
    )
    result.set(path, {
      type: /^ +Type: +(\w+)/m.exec(part)?.[1],
      machine: /^ +Machine: +(.+)$/m.exec(part)?.[1],
      interpreter: all(/Requesting program interpreter: (.+)\]/g)[0],
      needed: all(/\(NEEDED\).*\[(.+)\]/g),
      soname: all(/\(SONAME\).*\[(.+)\]/g)[0],
      rpath: all(/\(RPATH\).*\[(.+)\]/g)[0],
      runpath: all(/\(RUNPATH\).*\[(.+)\]/g)[0],
      wants,
      gives,
    })
  }
  return result
}

function told(program: Program | undefined): Record<string, unknown> | undefined {
  if (program?.kind !== 'elf') return undefined
  return {
    type: {relocatable: 'REL', executable: 'EXEC', shared: 'DYN', core: 'CORE', other: ''}[program.type],
    machine: {amd64: 'Advanced Micro Devices X86-64', arm64: 'AArch64', '386': 'Intel 80386', s390x: 'IBM S/390'}[
      program.architecture
    ],
    interpreter: program.interpreter,
    needed: program.needed,
    soname: program.soname,
    rpath: program.rpath?.join(':'),
    runpath: program.runpath?.join(':'),
    wants: program.wants.map(each => `${each.library} ${each.version}${each.weak ? ' weak' : ''}`),
    gives: program.gives,
  }
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, {withFileTypes: true}).flatMap(entry => (entry.isFile() ? [join(folder, entry.name)] : []))
}

const work = workFolder()
const stop = new AbortController().signal
afterAll(() => work.remove())

describe('real files', () => {
  it('are read as readelf reads them', async () => {
    const paths = ['/usr/bin', '/usr/sbin', '/usr/lib/x86_64-linux-gnu'].flatMap(filesBelow)
    const [ours, theirs] = await Promise.all([readPrograms(hostImage(paths), paths, stop), judge(paths)])
    expect(theirs.size).toBeGreaterThan(500)
    for (const path of paths) expect([path, told(ours.get(path))]).toEqual([path, theirs.get(path)])
  }, 120_000)

  it('are read the same in small pieces', async () => {
    const paths = ['/bin/bash', '/usr/lib/x86_64-linux-gnu/libstdc++.so.6', '/usr/lib/x86_64-linux-gnu/libc.so.6']
    const [whole, pieces] = await Promise.all([
      readPrograms(hostImage(paths, 1 << 24), paths, stop),
      readPrograms(hostImage(paths, 777), paths, stop),
    ])
    expect([...pieces]).toEqual([...whole])
  })
})

describe('made files', () => {
  const made = (name: string) => join(work.path, name)
  beforeAll(async () => {
    work.write({
      'main.c': 'int main(void) { return 0; }\n',
      'lib.c': 'int answer(void) { return 42; }\n',
      map: 'MINE_1.0 { global: answer; };\nMINE_2.0 { } MINE_1.0;\n',
      script: '#!/usr/bin/env  python3 -u \nprint()\n',
      wrapper: '#!/bin/sh\nexport LD_LIBRARY_PATH=/opt/lib\nexec /opt/prog "$@"\n',
      text: 'no program\n',
      cut: '\x7fELF\x02\x01',
    })
    const cc = (...args: string[]) => execa('gcc', args, {cwd: work.path})
    await cc('-static', '-o', 'static', 'main.c')
    await cc('-static-pie', '-o', 'static-pie', 'main.c')
    await cc('-no-pie', '-Wl,-rpath,$ORIGIN/../lib:/opt/lib', '-Wl,--disable-new-dtags', '-o', 'rpath', 'main.c')
    await cc('-Wl,-rpath,$ORIGIN', '-Wl,-z,nodefaultlib', '-o', 'runpath', 'main.c')
    await cc('-shared', '-fPIC', '-Wl,-soname,libmine.so.2', '-Wl,--version-script,map', '-o', 'libmine.so.2.1', 'lib.c')
    await cc('-c', '-o', 'object.o', 'main.c')
    await cc('-Wl,-z,x86-64-v3', '-o', 'v3', 'main.c')
  })

  it('are told apart', async () => {
    const names = [
      'static',
      'static-pie',
      'rpath',
      'runpath',
      'libmine.so.2.1',
      'object.o',
      'script',
      'wrapper',
      'text',
      'cut',
      'v3',
    ]
    const found = await readPrograms(hostImage(names.map(made)), names.map(made), stop)
    const of = (name: string) => found.get(made(name))
    expect(of('static')).toMatchObject({kind: 'elf', type: 'executable', dynamic: false, needed: []})
    expect(of('static')).not.toHaveProperty('interpreter')
    expect(of('static-pie')).toMatchObject({kind: 'elf', type: 'shared', needed: []})
    expect(of('rpath')).toMatchObject({
      type: 'executable',
      rpath: ['$ORIGIN/../lib', '/opt/lib'],
      interpreter: '/lib64/ld-linux-x86-64.so.2',
    })
    expect(of('runpath')).toMatchObject({type: 'shared', runpath: ['$ORIGIN'], onlyOwnPath: true, needed: ['libc.so.6']})
    expect(of('libmine.so.2.1')).toMatchObject({soname: 'libmine.so.2', gives: ['MINE_1.0', 'MINE_2.0']})
    expect(of('object.o')).toMatchObject({type: 'relocatable', dynamic: false})
    expect(of('v3')).toMatchObject({level: 'x86-64-v3'})
    expect(of('script')).toEqual({kind: 'script', interpreter: '/usr/bin/env', argument: 'python3 -u', setsLibraryPath: false})
    expect(of('wrapper')).toMatchObject({interpreter: '/bin/sh', setsLibraryPath: true})
    expect(of('text')).toEqual({kind: 'other'})
    expect(of('cut')).toMatchObject({kind: 'damaged'})
  })

  it('that are cut short are damaged, at whatever length', async () => {
    const {readFileSync} = await import('node:fs')
    const bytes = readFileSync(made('libmine.so.2.1'))
    for (let length = 16; length < bytes.length; length += 97) {
      const held = new HeldBytes(length)
      held.add(0, bytes.subarray(0, length))
      try {
        readElf(held)
      } catch (error) {
        expect(error instanceof ElfError, String(error)).toBe(true)
        expect(error instanceof NeedsBytes).toBe(false)
      }
    }
  })
})
