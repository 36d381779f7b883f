/** The guides, followed word by word: their files, their commands, what these print, with the real engine. */
import {mkdirSync, readdirSync, readFileSync, symlinkSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {afterAll, describe, expect, it} from 'vitest'
import {extent} from '../support/cases.js'
import {bases, root, user, workFolder} from '../support/engine.js'
import {isAsShown, sessionOf, steady} from './page.js'

const folder = join(root, 'docs/guides')
const pages = readdirSync(folder)
  .filter(name => name.endsWith('.md') && readFileSync(join(folder, name), 'utf8').includes('```console'))
  .sort()
/** Those that take longer are followed in the matrix. */
const everyday = new Set(['why-was-it-rebuilt.md'])
const chosen = extent === 'everyday' ? pages.filter(name => everyday.has(name)) : pages

/** Public images that the guides name, and the images of the tests that stand in for them. */
const images = {'gcc:12': 'gcc', 'debian:12-slim': 'debian', 'alpine:3.20': 'busybox'}

const works: ReturnType<typeof workFolder>[] = []
afterAll(async () => {
  for (const each of works) await each.remove()
})

/** A newcomer's place: a folder, a home with the settings that let public images come from here. */
function place() {
  const work = workFolder()
  works.push(work)
  const project = join(work.path, 'work')
  mkdirSync(join(work.path, 'bin'))
  symlinkSync(join(root, 'bin/sifstage'), join(work.path, 'bin/sifstage'))
  work.write({
    'config/sifstage/config.yaml': [
      'bases:',
      ...Object.entries(images).map(([name, base]) => `  ${name}: ${bases}/${base}/rootfs`),
      ...(user === undefined ? [] : [`run-as: ${user}`]),
      '',
    ].join('\n'),
  })
  const environment = {
    PATH: `${join(work.path, 'bin')}:${process.env['PATH']}`,
    XDG_CONFIG_HOME: join(work.path, 'config'),
    SIFSTAGE_CACHE_DIR: join(work.path, 'work/.store'),
    APPTAINER_TMPDIR: '',
    NO_COLOR: '1',
    LANG: 'C.UTF-8',
  }
  return {work, project, environment}
}

describe.each(chosen)('the guide %s', name => {
  it('can be followed', {timeout: 600_000}, async () => {
    const {work, project, environment} = place()
    const replaced = new Map([
      ...Object.entries(images).map(([image, base]) => [`${bases}/${base}/rootfs`, `docker://${image}`] as const),
      [`${project}/`, ''],
    ])
    for (const block of sessionOf(readFileSync(join(folder, name), 'utf8'))) {
      if (block.kind === 'file') {
        work.write({[`work/${block.name}`]: block.text})
        continue
      }
      // What starts the engine by hand is for whoever may.
      const as = user !== undefined && block.command.startsWith('apptainer ') ? [join(root, 'scripts/as-user.sh'), user] : []
      const [file = '', ...args] = [...as, 'bash', '-c', block.command]
      const ran = await execa(file, args, {
        cwd: project,
        env: environment,
        stdin: 'ignore',
        all: true,
        reject: false,
      })
      const actual = steady(ran.all ?? '', replaced).split('\n')
      const shown = steady(block.expected.join('\n'), new Map()).split('\n')
      expect(
        isAsShown(actual, shown),
        `${name}:${block.line}: $ ${block.command}\n--- the page has\n${shown.join('\n')}\n--- it prints\n${actual.join('\n')}`,
      ).toBe(true)
      expect(ran.exitCode, `${name}:${block.line}: $ ${block.command}\n${ran.all}`).toBe(block.code)
    }
  })
})

describe('what a guide shows', () => {
  it('is held against what is printed', () => {
    expect(isAsShown(['a', 'b', 'c'], ['a', '[...]', 'c'])).toBe(true)
    expect(isAsShown(['a', 'b'], ['[...]'])).toBe(true)
    expect(isAsShown(['a', 'b'], ['a'])).toBe(false)
    expect(isAsShown(['a', 'x', 'c'], ['a', 'b', 'c'])).toBe(false)
    expect(steady('built in 3.4 s, 1 min 2 s  1.3 MB', new Map())).toBe('built in N s, N s  N MB')
  })
})
