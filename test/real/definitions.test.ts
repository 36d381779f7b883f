/** Definition files in the manner of well-known scientific software: read, checked and written again. */
import {readdirSync, readFileSync} from 'node:fs'
import {describe, expect, test} from 'vitest'
import {runChecks} from '../../src/checks/index.js'
import {readDeffile} from '../../src/formats/deffile/read.js'
import {writeDeffile} from '../../src/formats/deffile/write.js'
import {readDockerfile} from '../../src/formats/dockerfile/read.js'
import {writeDockerfile} from '../../src/formats/dockerfile/write.js'
import {readYaml} from '../../src/formats/yaml/read.js'
import {writeYaml} from '../../src/formats/yaml/write.js'
import type {Description} from '../../src/model/description.js'
import type {ContextFiles} from '../../src/model/format.js'

const folder = new URL('definitions/', import.meta.url)
const files = readdirSync(folder).sort()
const options = {buildArgs: new Map<string, string>(), architecture: 'amd64'}

/** A context in which every path is a file: only what the definition itself says is judged. */
const anything: ContextFiles = {
  root: '/context',
  kind: () => 'file',
  kindFollowed: () => 'file',
  names: () => [],
  text: () => undefined,
  mode: () => 0o644,
  head: () => new Uint8Array(),
  link: () => undefined,
  hardLinks: () => 1,
  environment: new Map([['HOME', '/home/someone']]),
}

function described(file: string): Description {
  const {description, diagnostics} = readDeffile(file, readFileSync(new URL(file, folder), 'utf8'), options)
  expect(diagnostics.map(({rule, message, span}) => `${span.start.line} ${rule}: ${message}`)).toEqual([])
  if (description === undefined) throw new Error(file)
  return description
}

const writing = (description: Description) => ({
  target: description.stages.length - 1,
  allow: new Set<string>(),
  keepCwd: false,
  context: anything,
})

/** What a Dockerfile cannot say of each; every other file has to be converted. */
const refused: Readonly<Record<string, readonly string[]>> = {
  'arch.def': ['base-not-docker', 'definition-environment'],
  'bioinformatics.def': ['definition-environment'],
  'busybox.def': ['base-not-docker'],
  'debootstrap-ubuntu.def': ['base-not-docker'],
  'dnf-fedora.def': ['base-not-docker'],
  'docker-archive.def': ['base-not-docker'],
  'docker-daemon.def': ['definition-copy'],
  'fenics.def': ['definition-environment'],
  'jupyter-desktop.def': ['definition-copy', 'definition-environment', 'host-script'],
  'library-lolcow.def': ['base-not-docker'],
  'miniconda.def': ['definition-app'],
  'netcdf.def': ['base-not-docker'],
  'oci-layout.def': ['base-not-docker'],
  'openfoam.def': ['definition-app'],
  'oras-model.def': ['base-not-docker'],
  'r-bioconductor.def': ['host-script'],
  'shub-legacy.def': ['base-not-docker'],
  'yum-centos.def': ['base-not-docker', 'host-script'],
  'zypper-leap.def': ['base-not-docker'],
  'zypper-sles.def': ['base-not-docker'],
}

describe.each(files)('%s', file => {
  test('passes the checks', () => {
    const description = described(file)
    const text = readFileSync(new URL(file, folder), 'utf8')
    for (const stage of description.stages) {
      const found = runChecks(description, {context: anything, target: stage.name, ignore: undefined}, text)
      const wrong = found.filter(({rule, severity}) => severity === 'error' && !rule.startsWith('context-path'))
      expect(wrong.map(({rule, message, span}) => `${span.start.line} ${rule}: ${message}`)).toEqual([])
    }
  })

  test('comes back as it was', () => {
    const description = described(file)
    const {text, diagnostics} = writeDeffile(description, writing(description))
    expect(diagnostics).toEqual([])
    const again = readDeffile(file, text ?? '', options).description
    expect(
      again?.stages.map(({definition}) =>
        definition?.sections.map(({name, arguments: words, body}) => [name, words, body.trim()]),
      ),
    ).toEqual(
      // Stages that the target does not need are left out.
      description.stages
        .filter(
          ({name, index}) => again?.stages.some(other => other.name === name) === true || index === description.stages.length - 1,
        )
        .map(({definition}) => definition?.sections.map(({name, arguments: words, body}) => [name, words, body.trim()])),
    )
  })

  test('comes back from YAML', () => {
    const description = described(file)
    const {text, diagnostics} = writeYaml(description, writing(description))
    expect(diagnostics).toEqual([])
    const again = readYaml('x.yaml', text ?? '', options)
    expect(again.diagnostics, text).toEqual([])
    const twice = again.description && writeYaml(again.description, writing(again.description)).text
    expect(twice).toBe(text)
  })

  test('becomes a Dockerfile, or is refused for what no Dockerfile can say', () => {
    const description = described(file)
    const {text, diagnostics} = writeDockerfile(description, writing(description))
    const errors = [...new Set(diagnostics.filter(({severity}) => severity === 'error').map(({rule}) => rule))].sort()
    if (process.env.SHOWREF) process.stdout.write(`\nREF  ${JSON.stringify(file)}: ${JSON.stringify(errors)},\n`)
    expect(errors, diagnostics.map(({message}) => message).join('\n')).toEqual(refused[file] ?? [])
    if (text !== undefined)
      expect(
        readDockerfile('Dockerfile', text, options).diagnostics.filter(({severity}) => severity === 'error'),
        text,
      ).toEqual([])
  })
})
