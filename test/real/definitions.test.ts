/**
 * Definition files in the style of those that people write for scientific software: read without a wrong finding,
 * the same again through each writer, and a Dockerfile wherever the meaning allows it.
 */
import {readdirSync, readFileSync} from 'node:fs'
import {join} from 'node:path'
import {describe, expect, it} from 'vitest'
import {readDeffile} from '../../src/formats/deffile/read.js'
import {writeDeffile} from '../../src/formats/deffile/write.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {writeDockerfile} from '../../src/formats/dockerfile/write.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import {writeYaml} from '../../src/formats/yaml/write.js'
import type {Description} from '../../src/model/description.js'
import type {ContextFiles, FileKind, WriteOptions} from '../../src/model/format.js'

const folder = join(import.meta.dirname, 'definitions')

/** What no Dockerfile can say; every other file becomes one. */
const refused: Readonly<Record<string, readonly string[]>> = {
  arch: ['base-not-docker', 'definition-environment'],
  'arch-rolling': ['base-not-docker'],
  'archive-image': ['base-not-docker'],
  'buildkit-wrapper': ['base-not-docker'],
  busybox: ['base-not-docker'],
  'busybox-mirror': ['base-not-docker'],
  'debootstrap-minimal': ['base-not-docker'],
  'debootstrap-ubuntu': ['base-not-docker'],
  'dnf-fedora': ['base-not-docker'],
  'docker-archive': ['base-not-docker'],
  'docker-daemon': ['definition-copy'],
  fenics: ['definition-environment'],
  'gromacs-local-base': ['base-not-docker'],
  'jupyter-desktop': ['definition-copy', 'definition-environment', 'host-script'],
  'library-lolcow': ['base-not-docker'],
  netcdf: ['base-not-docker'],
  'oci-layout': ['base-not-docker'],
  'oci-layouts': ['base-not-docker'],
  'oras-child': ['base-not-docker', 'host-script'],
  'oras-model': ['base-not-docker'],
  'r-bioconductor': ['definition-copy', 'host-script'],
  'r-packages': ['host-script'],
  'shub-legacy': ['base-not-docker'],
  'singularity-3-style': ['host-script'],
  'yum-centos': ['base-not-docker'],
  'zypper-leap': ['base-not-docker'],
  'zypper-sles': ['base-not-docker'],
  'zypper-suse': ['base-not-docker'],
}

/** A context in which every path is there: a file where the name says so, else a folder that holds one. */
const context: ContextFiles = {
  root: '/context',
  kind: kindOf,
  kindFollowed: kindOf,
  names: path => (kindOf(path) === 'directory' && !path.includes('inner') ? ['inner.txt'] : []),
  text: () => undefined,
  mode: path => (kindOf(path) === 'directory' ? 0o755 : 0o644),
  head: () => undefined,
  link: () => undefined,
  hardLinks: () => 1,
  environment: new Map(),
}

function kindOf(path: string): FileKind {
  return /\.[a-z0-9]+$|Cargo\.lock$/.test(path) ? 'file' : 'directory'
}

function read(name: string): Description {
  const text = readFileSync(join(folder, `${name}.def`), 'utf8')
  const result = readDeffile(`${name}.def`, text, {buildArgs: new Map(), architecture: 'amd64'})
  const wrong = result.diagnostics.filter(each => each.rule !== 'newer-agent')
  expect(wrong.map(each => `${each.rule}: ${each.message}`)).toEqual([])
  if (result.description === undefined) throw new Error('nothing was read')
  return result.description
}

function options(description: Description): WriteOptions {
  return {target: description.stages.length - 1, allow: new Set(), keepCwd: false, context}
}

/** Without what a place in a text is, and the text itself. */
function meaning(description: Description): unknown {
  const {stages} = description
  return JSON.parse(
    JSON.stringify(stages, (key, value) =>
      /^(span|nameSpan|text|definition|comment|index)$/.test(key) && typeof value !== 'string' ? undefined : value,
    ),
  )
}

describe.each(readdirSync(folder).map(name => name.replace(/\.def$/, '')))('%s', name => {
  it('is the same again as a definition file', () => {
    const description = read(name)
    const written = writeDeffile(description, options(description))
    expect(written.diagnostics.filter(each => each.severity === 'error')).toEqual([])
    const again = readDeffile('again.def', written.text ?? '', {buildArgs: new Map(), architecture: 'amd64'})
    expect(again.diagnostics.filter(each => each.severity === 'error')).toEqual([])
    if (again.description !== undefined) expect(meaning(again.description)).toEqual(meaning(description))
  })

  it('becomes YAML that can be read', () => {
    const description = read(name)
    const written = writeYaml(description, options(description))
    expect(written.diagnostics.filter(each => each.severity === 'error').map(each => each.message)).toEqual([])
    const again = readYaml('again.yaml', written.text ?? '', {buildArgs: new Map(), architecture: 'amd64'})
    expect(again.diagnostics.filter(each => each.severity === 'error').map(each => each.message)).toEqual([])
  })

  it(refused[name] === undefined ? 'becomes a Dockerfile' : 'is refused as a Dockerfile', () => {
    const description = read(name)
    const written = writeDockerfile(description, options(description))
    const rules = [...new Set(written.diagnostics.filter(each => each.severity === 'error').map(each => each.rule))].sort()
    expect(rules, written.diagnostics.map(each => each.message).join('\n')).toEqual(refused[name] ?? [])
    if (written.text === undefined) return
    const again = readDockerfile('Dockerfile', written.text, {buildArgs: new Map(), architecture: 'amd64'})
    expect(again.diagnostics.filter(each => each.severity === 'error').map(each => each.message)).toEqual([])
    if (again.description === undefined) return
    // Dockerfiles that we wrote are the same again.
    const target = again.description.stages.length - 1
    const rewritten = writeDockerfile(again.description, {...options(again.description), target})
    // A continued line is one line to its reader.
    expect(rewritten.text?.replaceAll(' \\\n    ', ' ')).toBe(written.text.replaceAll(' \\\n    ', ' '))
  })
})
