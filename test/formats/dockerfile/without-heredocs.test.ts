/** Instructions for builders that know no here-documents. */
import {describe, expect, it} from 'vitest'
import {INLINE, withoutHeredocs} from '../../../src/formats/dockerfile/without-heredocs.js'

const shell = ['/bin/sh', '-c']
const one = (line: string, before: readonly string[] = []) => withoutHeredocs([...before, line], shell)

describe('RUN', () => {
  it('stays as it is without a here-document', () => {
    expect(one('RUN echo "<<EOF"').lines).toEqual(['RUN echo "<<EOF"'])
  })

  it('becomes an array with the body for the shell that holds', () => {
    expect(one('RUN <<EOF\nset -e\necho "a\tb" \\\\\nEOF').lines).toEqual([
      'RUN ["/bin/sh", "-c", "set -e\\necho \\"a\\tb\\" \\\\\\\\\\n"]',
    ])
    expect(one('RUN <<EOF\ntrue\nEOF', ['SHELL ["/bin/bash", "-ec"]']).lines[1]).toBe('RUN ["/bin/bash", "-ec", "true\\n"]')
  })

  it('keeps its flags', () => {
    expect(one('RUN --mount=type=tmpfs,target=/tmp --network=none <<"END"\ntrue\nEND').lines).toEqual([
      'RUN --mount=type=tmpfs,target=/tmp --network=none ["/bin/sh", "-c", "true\\n"]',
    ])
  })

  it('with words of its own leaves the documents to the shell', () => {
    expect(one('RUN cat <<A >/a && cat <<B\n1\nA\n2\nB').lines).toEqual([
      'RUN ["/bin/sh", "-c", "cat <<A >/a && cat <<B\\n1\\nA\\n2\\nB"]',
    ])
  })

  it('that names its interpreter is run as a file', () => {
    const [line = ''] = one('RUN <<EOF\n#!/usr/bin/awk -f\nBEGIN {}\nEOF').lines
    expect(JSON.parse(line.slice('RUN '.length)).at(-1)).toBe('#!/usr/bin/awk -f\nBEGIN {}\n')
  })

  it('has the shell of the stage that its own starts from', () => {
    const {lines} = withoutHeredocs(
      ['FROM base AS one', 'SHELL ["/bin/ash", "-c"]', 'FROM base AS two', 'RUN <<E\n2\nE', 'FROM one', 'RUN <<E\n3\nE'],
      shell,
    )
    expect(lines.filter(line => line.startsWith('RUN'))).toEqual([
      'RUN ["/bin/sh", "-c", "2\\n"]',
      'RUN ["/bin/ash", "-c", "3\\n"]',
    ])
  })
})

describe('COPY', () => {
  it('takes the text from a folder of ours, under the same name', () => {
    const {lines, files} = one('COPY --chmod=755 <<"run.sh" /opt/\n#!/bin/sh\nrun.shx\nrun.sh')
    expect(lines).toEqual([`COPY --from=${INLINE} --chmod=755 0/run.sh /opt/`])
    expect(files).toEqual([{path: '0/run.sh', text: '#!/bin/sh\nrun.shx\n'}])
  })

  it('stays where the text has variables of the base', () => {
    expect(one('COPY <<x /x\n$PATH\nx').lines).toEqual(['COPY <<x /x\n$PATH\nx'])
  })
})

it('makes the folder of a WORKDIR', () => {
  const {lines, folders} = one('WORKDIR /w')
  expect(lines).toEqual(['WORKDIR /w', `COPY --from=${INLINE} nothing/ ./`])
  expect(folders).toEqual(['nothing'])
})
