import fc from 'fast-check'
import {describe, expect, it} from 'vitest'
import {readDeffile} from '../../../src/formats/deffile/read.js'
import {readDockerfile} from '../../../src/formats/dockerfile/read.js'
import {readYaml} from '../../../src/formats/yaml/read.js'
import {writeYaml} from '../../../src/formats/yaml/write.js'
import type {Description, Stage, Step} from '../../../src/model/description.js'
import type {ReadResult} from '../../../src/model/format.js'
import {startOf} from '../../../src/model/span.js'
import {literal, type Template} from '../../../src/model/template.js'
import {memoryContext} from '../../checks/memory-context.js'

const options = {buildArgs: new Map<string, string>(), architecture: 'amd64'}

function write(description: Description, target = description.stages.length - 1) {
  return writeYaml(description, {target, allow: new Set(), keepCwd: false, context: memoryContext()})
}

function described(result: ReadResult): Description {
  expect(result.diagnostics.filter(found => found.severity === 'error')).toEqual([])
  if (result.description === undefined) throw new Error('no description')
  return result.description
}

/** What two descriptions have to agree in: everything but the places and the comments above a file. */
function meaning(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(meaning)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).flatMap(([key, inner]) => (/^(span|nameSpan|named|text)$/.test(key) && typeof inner !== 'string' ? [] : [[key, meaning(inner)]])))
}

/** Written, read again, and the same as before. */
function roundTrip(description: Description): string {
  const {text, diagnostics} = write(description)
  expect(diagnostics).toEqual([])
  const again = described(readYaml('x.yaml', text ?? '', options))
  expect(meaning(again.stages), text).toEqual(meaning(description.stages))
  return text ?? ''
}

const dockerfile = (text: string) => described(readDockerfile('Dockerfile', text, options))

describe('a Dockerfile as YAML', () => {
  it('reads well', () => {
    expect(
      roundTrip(
        dockerfile(`# compiles
FROM debian:12 AS build
ARG VERSION=2.3
WORKDIR /src
# sources
COPY hello.c Makefile ./
RUN make VERSION=$VERSION && \\
    make install
FROM scratch
ENV LANG=C.UTF-8 A="it's \\"x\\""
COPY --from=build --chown=1:1 --chmod=0755 /src/hello /bin/
COPY <<EOF /etc/x.conf
a
