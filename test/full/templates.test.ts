/**
 * The templates are really built. Bases made of Debian's packages stand in for the public ones; conda and Spack fetch
 * from hosts of their own and are not tried here.
 */
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import type {FormatName} from '../../src/model/description.js'
import {extent} from '../support/cases.js'
import {asUser, bases, root, sifstage, workFolder} from '../support/engine.js'

interface Build {
  readonly template: string
  readonly formats: readonly FormatName[]
  readonly instead: Readonly<Record<string, string>>
  readonly run: readonly string[]
  readonly prints: string
}

const builds: readonly Build[] = [
  {
    template: 'c-mpi',
    formats: ['def', 'yaml'],
    instead: {'debian:12-slim': 'debian_apt'},
    run: ['1000'],
    prints: 'pi is 3.141593, by 1 process\n',
  },
  {
    template: 'python',
    formats: ['def', 'dockerfile', 'yaml'],
    instead: {'python:3.12-slim-bookworm': 'python'},
    run: ['3', '4', '5'],
    prints: 'mean 4, deviation 1\n',
  },
  {
    template: 'go',
    formats: ['def', 'dockerfile', 'yaml'],
    instead: {'golang:1.23-bookworm': 'golang', 'alpine:3.20': 'busybox'},
    run: ['5'],
    prints: '120\n',
  },
  {
    template: 'rust',
    formats: ['def', 'dockerfile', 'yaml'],
    instead: {'rust:1.83-slim-bookworm': 'rust', 'debian:12-slim': 'debian'},
    run: ['abc'],
    prints: 'cba\n',
  },
  {template: 'r', formats: ['def', 'yaml'], instead: {'rocker/r-ver:4.4.2': 'r'}, run: ['3', '4', '5'], prints: 'middle 4 \n'},
]

/** In the matrix, those whose bases are made in half a minute. */
const chosen =
  extent === 'full'
    ? builds
    : builds
        .filter(each => each.template === 'c-mpi' || each.template === 'python')
        .map(each => ({...each, formats: each.formats.slice(0, 1)}))

const folder = workFolder()

beforeAll(async () => {
  const names = [...new Set(chosen.flatMap(each => Object.values(each.instead)))]
  await execa(join(root, 'scripts/base-images.sh'), names)
}, 900_000)
afterAll(() => folder.remove())

describe.each(chosen)('template $template', ({template, formats, instead, run, prints}) => {
  it.each(formats)(
    'builds as %s, and the image does what it should',
    async format => {
      const place = join(folder.path, `work/${template}-${format}`)
      const made = await sifstage(['init', place, '--template', template, '--format', format, '--name', 'tool', '--json'], {
        cwd: folder.path,
      })
      const {input} = JSON.parse(made.stdout) as {input: string}
      const replaced = Object.entries(instead).flatMap(([name, base]) => ['--base', `${name}=${join(bases, base, 'rootfs')}`])
      const built = await sifstage(
        ['build', input, ...replaced, '-o', 'tool.sif', '--cache-dir', join(folder.path, 'work/cache'), '--json'],
        {cwd: place},
      )
      expect(built.code, built.stderr.slice(-3000)).toBe(0)
      const {stages} = JSON.parse(built.stdout) as {stages: {name: string; artifacts: {status: string}[]}[]}
      const handed = stages.find(each => each.name === 'build')?.artifacts.map(each => each.status) ?? []
      expect(handed.length).toBeGreaterThan(0)
      expect(new Set(handed)).toEqual(new Set(['ok']))
      const ran = await asUser(['apptainer', 'run', join(place, 'tool.sif'), ...run], '/')
      expect(ran.stdout).toBe(prints)
    },
    300_000,
  )
})
