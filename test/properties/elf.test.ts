/** ELF files with bytes changed at random, whole and in pieces: every one ends in a verdict, soon. */
import {readFileSync, statSync} from 'node:fs'
import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {readElf} from '../../src/images/elf.js'
import {ElfError, HeldBytes, NeedsBytes} from '../../src/images/elf-bytes.js'
import {Listing} from '../../src/images/listing.js'
import {readPrograms} from '../../src/images/programs.js'
import type {Image} from '../../src/model/image.js'

/** Seconds that the test takes; SIFSTAGE_FUZZ_SECONDS for a long run. */
const seconds = Number(process.env['SIFSTAGE_FUZZ_SECONDS'] ?? 5)
const originals = ['/bin/cat', '/usr/lib/x86_64-linux-gnu/libm.so.6', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'].map(
  path => readFileSync(path),
)

/** Changes of the parts that a reader looks at: the headers, and the tables that they point to. */
const changes = fc.array(
  fc.record({
    at: fc.oneof(fc.nat(0x3ff), fc.nat(0x8000), fc.nat(1 << 24)),
    byte: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)),
  }),
  {minLength: 1, maxLength: 12},
)

function changed(which: number, list: readonly {at: number; byte: number}[], length: number): Buffer {
  const bytes = Buffer.from(originals[which % originals.length] ?? Buffer.alloc(0))
  for (const {at, byte} of list) bytes[at % bytes.length] = byte
  return bytes.subarray(0, Math.max(64, Math.floor(bytes.length * length)))
}

function imageOf(bytes: Buffer, piece: number): Image {
  return {
    tree: new Listing([{path: '/f', kind: 'file', mode: 0o755, uid: 0, gid: 0, size: bytes.length}]),
    async contents(paths, visit) {
      for (const path of paths)
        await visit(
          path,
          (async function* () {
            for (let at = 0; at < bytes.length; at += piece) yield bytes.subarray(at, at + piece)
          })(),
        )
    },
    close: async () => {},
  }
}

describe('a changed ELF file', () => {
  it('is read or refused', {timeout: (seconds + 30) * 1000}, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(2),
        changes,
        fc.constantFrom(1, 1, 0.7, 0.1),
        fc.constantFrom(4096, 65_536, 1 << 24),
        async (which, list, length, piece) => {
          const bytes = changed(which, list, length)
          const held = new HeldBytes(bytes.length)
          held.add(0, bytes)
          try {
            readElf(held)
          } catch (error) {
            // All bytes are at hand: nothing can be missing.
            expect(error).toBeInstanceOf(ElfError)
            expect(error).not.toBeInstanceOf(NeedsBytes)
          }
          const found = await readPrograms(imageOf(bytes, piece), ['/f'], new AbortController().signal)
          expect(['elf', 'damaged', 'script', 'other']).toContain(found.get('/f')?.kind)
        },
      ),
      {numRuns: Number.MAX_SAFE_INTEGER, interruptAfterTimeLimit: seconds * 1000, markInterruptAsFailure: false},
    )
  })

  it('is read the same in pieces of any size', async () => {
    const path = '/usr/lib/x86_64-linux-gnu/libstdc++.so.6'
    const whole = await readPrograms(imageOf(readFileSync(path), statSync(path).size), ['/f'], new AbortController().signal)
    await fc.assert(
      fc.asyncProperty(fc.integer({min: 1000, max: 1 << 21}), async piece => {
        const found = await readPrograms(imageOf(readFileSync(path), piece), ['/f'], new AbortController().signal)
        expect(found.get('/f')).toEqual(whole.get('/f'))
      }),
      {numRuns: 20},
    )
  })
})
