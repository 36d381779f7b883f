/**
 * ELF files: what their loader will look for (System V gABI chapters 4 and 5; glibc `elf/elf.h`; symbol versions:
 * LSB Core, "Symbol Versioning"). Only what a running program needs is read, from the program headers, since section
 * headers may be stripped. No npm package reads symbol versions, so this is ours; the tests hold it against readelf.
 */
import type {Elf} from '../model/program.js'
import {ElfError, type HeldBytes, NeedsBytes, Numbers} from './elf-bytes.js'

/** Machine numbers (`EM_*`) of the architectures that images are made for, in Go's words. */
const MACHINES: Readonly<Record<number, string>> = {
  3: '386',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'amd64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

const TYPES: Readonly<Record<number, Elf['type']>> = {1: 'relocatable', 2: 'executable', 3: 'shared', 4: 'core'}

const PT_LOAD = 1
const PT_DYNAMIC = 2
const PT_INTERP = 3
const PT_NOTE = 4
const PT_GNU_PROPERTY = 0x6474e553

const DT_NEEDED = 1
const DT_STRTAB = 5
const DT_STRSZ = 10
const DT_SONAME = 14
const DT_RPATH = 15
const DT_RUNPATH = 29
const DT_FLAGS_1 = 0x6ffffffb
const DT_VERDEF = 0x6ffffffc
const DT_VERDEFNUM = 0x6ffffffd
const DT_VERNEED = 0x6ffffffe
const DT_VERNEEDNUM = 0x6fffffff

const DF_1_NODEFLIB = 0x800
const VER_FLG_BASE = 1
const VER_FLG_WEAK = 2
/** `GNU_PROPERTY_X86_ISA_1_NEEDED`, and the bit of each level of x86-64 (x86-64 psABI, "Program Property"). */
const NEEDED_ISA = 0xc0008002
const LEVELS = ['x86-64', 'x86-64-v2', 'x86-64-v3', 'x86-64-v4']

/** More of anything is no file that a linker made. */
const MOST_HEADERS = 1024
const MOST_ENTRIES = 65_536
const LONGEST_NAME = 4096

interface Header {
  readonly type: number
  readonly offset: number
  readonly address: number
  readonly bytes: number
}

function readHeaders(numbers: Numbers): Header[] {
  const {wide} = numbers
  const at = numbers.word(wide ? 32 : 28)
  const each = numbers.u16(wide ? 54 : 42)
  const count = numbers.u16(wide ? 56 : 44)
  if (count === 0) return []
  if (count > MOST_HEADERS || each < (wide ? 56 : 32)) throw new ElfError('its program headers are damaged')
  // The whole table at once, so that it is fetched at once.
  numbers.file.at(at, each * count)
  return Array.from({length: count}, (_, index) => {
    const here = at + index * each
    return {
      type: numbers.u32(here),
      offset: numbers.word(here + (wide ? 8 : 4)),
      address: numbers.word(here + (wide ? 16 : 8)),
      bytes: numbers.word(here + (wide ? 32 : 16)),
    }
  })
}

/** Where an address of the running program lies in the file. */
function placeOf(headers: readonly Header[], address: number): number {
  const load = headers.find(each => each.type === PT_LOAD && each.address <= address && address < each.address + each.bytes)
  if (load === undefined) throw new ElfError('an address lies in no part of the file')
  return load.offset + (address - load.address)
}

/** The text up to its NUL, at most `most` bytes on. */
function stringAt(file: HeldBytes, offset: number, most: number): string {
  const length = Math.min(most, LONGEST_NAME, file.size - offset)
  const bytes = file.at(offset, length)
  const end = bytes.indexOf(0)
  if (end < 0) throw new ElfError('a name has no end')
  return bytes.toString('utf8', 0, end)
}

interface Dynamic {
  readonly values: ReadonlyMap<number, readonly number[]>
}

function readDynamic(numbers: Numbers, header: Header): Dynamic {
  const size = numbers.wide ? 16 : 8
  const count = Math.min(Math.floor(header.bytes / size), MOST_ENTRIES)
  numbers.file.at(header.offset, count * size)
  const values = new Map<number, number[]>()
  for (let i = 0; i < count; i += 1) {
    const at = header.offset + i * size
    // Tags of a processor's own may be beyond what a number holds; their low half is enough to pass them over.
    const tag = numbers.wide && !numbers.little ? numbers.u32(at + 4) : numbers.u32(at)
    if (tag === 0) break
    const list = values.get(tag) ?? []
    try {
      list.push(numbers.word(at + size / 2))
    } catch (error) {
      if (error instanceof NeedsBytes) throw error
      continue
    }
    values.set(tag, list)
  }
  return {values}
}

/** Versions that the file wants of its libraries. */
function readWanted(numbers: Numbers, at: number, count: number, name: (offset: number) => string): Elf['wants'] {
  const wants: {library: string; version: string; weak: boolean}[] = []
  let here = at
  for (let i = 0; i < Math.min(count, MOST_ENTRIES); i += 1) {
    const library = name(numbers.u32(here + 4))
    const entries = numbers.u16(here + 2)
    let aux = here + numbers.u32(here + 8)
    for (let j = 0; j < entries; j += 1) {
      wants.push({library, version: name(numbers.u32(aux + 8)), weak: (numbers.u16(aux + 4) & VER_FLG_WEAK) !== 0})
      const next = numbers.u32(aux + 12)
      if (next === 0) break
      aux += next
    }
    const next = numbers.u32(here + 12)
    if (next === 0) break
    here += next
  }
  return wants
}

/** Versions that the file has to give. */
function readGiven(numbers: Numbers, at: number, count: number, name: (offset: number) => string): string[] {
  const gives: string[] = []
  let here = at
  for (let i = 0; i < Math.min(count, MOST_ENTRIES); i += 1) {
    const base = (numbers.u16(here + 2) & VER_FLG_BASE) !== 0
    // The first of its names is its own; the others are those it stands upon.
    if (!base) gives.push(name(numbers.u32(here + numbers.u32(here + 12))))
    const next = numbers.u32(here + 16)
    if (next === 0) break
    here += next
  }
  return gives
}

/** The level of x86-64 that the file says it cannot do without. */
function readLevel(numbers: Numbers, header: Header): string | undefined {
  const end = header.offset + Math.min(header.bytes, 65_536)
  let at = header.offset
  while (at + 16 <= end) {
    const [nameBytes, bytes, type] = [numbers.u32(at), numbers.u32(at + 4), numbers.u32(at + 8)]
    const start = at + 12 + Math.ceil(nameBytes / 4) * 4
    // NT_GNU_PROPERTY_TYPE_0: type, size and data, again and again.
    for (let place = start; type === 5 && place + 12 <= Math.min(end, start + bytes); ) {
      const [kind, length] = [numbers.u32(place), numbers.u32(place + 4)]
      if (kind === NEEDED_ISA && length >= 4) {
        const bits = numbers.u32(place + 8)
        return LEVELS.findLast((_, index) => (bits & (1 << index)) !== 0)
      }
      place += 8 + Math.ceil(length / (numbers.wide ? 8 : 4)) * (numbers.wide ? 8 : 4)
    }
    at = start + Math.ceil(bytes / 8) * 8
  }
  return undefined
}

/** Longer notes are no tags. */
const MOST_NOTES = 4096

/** The oldest Linux that a file runs on: `NT_GNU_ABI_TAG`, which is type 1 of owner `GNU` (LSB Core, "Note Sections"). */
function readKernel(numbers: Numbers, header: Header): string | undefined {
  if (header.bytes > MOST_NOTES || header.offset + header.bytes > numbers.file.size) return undefined
  // All of it at once, so that it is fetched at once.
  numbers.file.at(header.offset, header.bytes)
  const end = header.offset + header.bytes
  for (let at = header.offset; at + 32 <= end; ) {
    const [nameBytes, bytes, type] = [numbers.u32(at), numbers.u32(at + 4), numbers.u32(at + 8)]
    const start = at + 12 + Math.ceil(nameBytes / 4) * 4
    // The first word is the system: 0 is Linux.
    if (type === 1 && nameBytes === 4 && bytes >= 16 && start + 16 <= end && numbers.u32(start) === 0)
      return [4, 8, 12].map(place => numbers.u32(start + place)).join('.')
    at = start + Math.ceil(bytes / 4) * 4
  }
  return undefined
}

/** `a:b` of a search path. An empty part means the current folder, which says nothing about an image. */
function searchPath(text: string | undefined): readonly string[] | undefined {
  return text?.split(':').filter(part => part !== '')
}

/** True when these are the first bytes of an ELF file. */
export function isElf(start: Uint8Array): boolean {
  return start[0] === 0x7f && start[1] === 0x45 && start[2] === 0x4c && start[3] === 0x46
}

/**
 * What an ELF file says about itself.
 * @throws NeedsBytes for a part that is not at hand yet
 * @throws ElfError when it is cut short or damaged
 */
export function readElf(file: HeldBytes): Elf {
  const ident = file.at(0, 16)
  if (!isElf(ident)) throw new ElfError('it is no ELF file')
  const wide = ident[4] === 2
  const numbers = new Numbers(file, wide, ident[5] !== 2)
  file.at(0, wide ? 64 : 52)
  const machine = numbers.u16(18)
  const headers = readHeaders(numbers)
  const property = headers.find(each => each.type === PT_GNU_PROPERTY)
  const level = property === undefined || machine !== 62 ? undefined : readLevel(numbers, property)
  const kernel = headers.flatMap(each => (each.type === PT_NOTE ? (readKernel(numbers, each) ?? []) : []))[0]
  const interp = headers.find(each => each.type === PT_INTERP)
  const interpreter = interp === undefined ? undefined : stringAt(file, interp.offset, interp.bytes)
  const common = {
    bits: wide ? 64 : 32,
    // ppc64 of both orders of bytes has one number.
    architecture: machine === 21 && numbers.little ? 'ppc64le' : (MACHINES[machine] ?? `machine ${machine}`),
    type: TYPES[numbers.u16(16)] ?? 'other',
    ...(interpreter === undefined ? {} : {interpreter}),
    ...(level === undefined ? {} : {level}),
    ...(kernel === undefined ? {} : {kernel}),
  } as const
  const dynamicHeader = headers.find(each => each.type === PT_DYNAMIC)
  if (dynamicHeader === undefined || dynamicHeader.bytes === 0)
    return {...common, dynamic: false, needed: [], onlyOwnPath: false, wants: [], gives: []}
  const {values} = readDynamic(numbers, dynamicHeader)
  const one = (tag: number) => values.get(tag)?.[0]
  const table = one(DT_STRTAB)
  const strings = table === undefined ? undefined : placeOf(headers, table)
  const stringBytes = one(DT_STRSZ) ?? LONGEST_NAME
  const name = (offset: number): string => {
    if (strings === undefined || offset >= stringBytes) throw new ElfError('a name lies outside the table of names')
    // The whole table at once, so that it is fetched at once.
    file.at(strings, stringBytes)
    return stringAt(file, strings + offset, stringBytes - offset)
  }
  const named = (tag: number) => (values.get(tag) ?? []).map(name)
  const wanted = one(DT_VERNEED)
  const given = one(DT_VERDEF)
  const [soname] = named(DT_SONAME)
  const rpath = searchPath(named(DT_RPATH)[0])
  const runpath = searchPath(named(DT_RUNPATH)[0])
  return {
    ...common,
    dynamic: true,
    needed: named(DT_NEEDED),
    ...(soname === undefined ? {} : {soname}),
    ...(rpath === undefined ? {} : {rpath}),
    ...(runpath === undefined ? {} : {runpath}),
    onlyOwnPath: ((one(DT_FLAGS_1) ?? 0) & DF_1_NODEFLIB) !== 0,
    wants: wanted === undefined ? [] : readWanted(numbers, placeOf(headers, wanted), one(DT_VERNEEDNUM) ?? 0, name),
    gives: given === undefined ? [] : readGiven(numbers, placeOf(headers, given), one(DT_VERDEFNUM) ?? 0, name),
  }
}
