/** Texts for property tests, and what holds for whatever is made of them. */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import fc from 'fast-check'
import {expect} from 'vitest'
import type {Span} from '../../src/model/span.js'

function* spansOf(value: unknown): Generator<Span> {
  if (typeof value !== 'object' || value === null) return
  if (isSpan(value)) {
    yield value
    return
  }
  for (const inner of Object.values(value)) yield* spansOf(inner)
}

function isSpan(value: object): value is Span {
  return 'file' in value && 'start' in value && 'end' in value
}

/** Every span in it lies inside the file that it names, and does not end before it starts. */
export function expectSpansInside(value: unknown, files: Readonly<Record<string, string>>): void {
  const split = new Map(Object.entries(files).map(([name, text]) => [name, text.split('\n')]))
  for (const {file, start, end} of spansOf(value)) {
    const lines = split.get(file)
    if (lines === undefined) throw new Error(`a span names the file ${file}`)
    for (const place of [start, end]) {
      expect(place.line).toBeGreaterThanOrEqual(1)
      expect(place.line).toBeLessThanOrEqual(lines.length)
      expect(place.column).toBeGreaterThanOrEqual(1)
      expect(place.column).toBeLessThanOrEqual((lines[place.line - 1] ?? '').length + 2)
    }
    expect(start.line < end.line || (start.line === end.line && start.column <= end.column)).toBe(true)
  }
}

/** The text of some file of a folder with stretches of it removed, doubled, moved or replaced. */
export function mutated(folder: string, mostChanges = 4): fc.Arbitrary<string> {
  const texts = readdirSync(folder).map(name => readFileSync(join(folder, name), 'utf8'))
  const change = fc.record({
    at: fc.double({min: 0, max: 1, noNaN: true}),
    size: fc.nat(40),
    kind: fc.constantFrom('remove', 'double', 'replace', 'swap'),
    text: fc.oneof(
      fc.string({unit: 'binary', maxLength: 5}),
      fc.constantFrom('\\', '"', "'", '$', '${', '<<', '\n', '\r\n', ' ', '#', '--'),
    ),
  })
  return fc.tuple(fc.constantFrom(...texts), fc.array(change, {minLength: 1, maxLength: mostChanges})).map(([text, changes]) =>
    changes.reduce((now, {at, size, kind, text: put}) => {
      const from = Math.floor(at * now.length)
      const [before, part, after] = [now.slice(0, from), now.slice(from, from + size), now.slice(from + size)]
      if (kind === 'remove') return before + after
      if (kind === 'double') return before + part + part + after
      return kind === 'replace' ? before + put + after : after + part + before
    }, text),
  )
}
