/** `sifstage report --html` of real builds, looked at by a real browser. `SIFSTAGE_RECORD=screens` writes docs/screens. */
import {existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import type {Browser} from 'playwright-core'
import {afterAll, beforeAll, describe, expect, it} from 'vitest'
import {faintTexts, openBrowser, openPage} from '../support/browser.js'
import {bases, root, sifstage, user, workFolder} from '../support/engine.js'

const work = workFolder()
const project = join(work.path, 'project')
const store = join(work.path, 'work/store')
const screens = process.env['SIFSTAGE_RECORD'] === 'screens' ? join(root, 'docs/screens') : undefined
const replaced = ['--base', `alpine:3.20=${bases}/busybox/rootfs`]
const run = (...args: string[]) => sifstage([...args, ...replaced], {cwd: project, env: {SIFSTAGE_CACHE_DIR: store}})

const dockerfile = `FROM alpine:3.20 AS base
RUN mkdir -p /opt/tools && echo 1.4 > /opt/tools/version

FROM base AS solver
WORKDIR /src
COPY solver.sh .
RUN echo "compiling mesh.c"; echo "compiling solver.c"; sleep 1
RUN mkdir -p /opt/solver/bin && cp solver.sh /opt/solver/bin/solver && chmod +x /opt/solver/bin/solver

FROM base AS plots
RUN mkdir -p /opt/plots/lib && echo plot > /opt/plots/lib/plot.txt && sleep 1
RUN printf '\\033[31m12 tests\\033[0m\\tpassed </pre><script>alert(1)</script>\\n'

FROM alpine:3.20 AS data
RUN mkdir /data && head -c 300000 /dev/urandom > /data/mesh.bin && echo "mesh: 300000 bytes"

FROM base AS final
COPY --from=solver /opt/solver/bin/solver /usr/local/bin/solver
COPY --from=plots /opt/plots /opt/plots
COPY --from=data /data/mesh.bin /data/mesh.bin
RUN solver --check
CMD ["solver"]
`

let browser: Browser
beforeAll(async () => {
  work.write({
    'project/Dockerfile': dockerfile,
    'project/solver.sh': '#!/bin/sh\necho "3 checks, all good"\n',
    'project/Failing.Dockerfile': dockerfile.replace('RUN solver --check', 'RUN solver --check && cat /data/none'),
    'project/Misspelt.Dockerfile': dockerfile.replace('--from=data /data/mesh.bin', '--from=data /data/mesh.dat'),
    'project/Wrong.Dockerfile': 'FROM alpine:3.20 AS one\nCOPY --from=one /a /b\n',
    'project/Never.Dockerfile': dockerfile.replace('FROM alpine:3.20 AS base', 'FROM alpine:3.20 AS base\nRUN echo never'),
  })
  browser = await openBrowser()
  const built = await run('build', 'Dockerfile', '-j', '3', '-o', join(work.path, 'work/project.sif'))
  expect(built.code, built.stderr).toBe(0)
  const failing = await run('build', 'Failing.Dockerfile', '--report', 'by-build.html', '-o', join(work.path, 'work/failing.sif'))
  expect(failing.code, failing.stderr).toBe(5)
  const misspelt = await run('build', 'Misspelt.Dockerfile', '-o', join(work.path, 'work/misspelt.sif'))
  expect(misspelt.code, misspelt.stderr).toBe(1)
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await work.remove()
})

/** The page of an input, in a file. */
async function page(input: string, code = 0): Promise<string> {
  const file = join(project, `${input.replaceAll('/', '-')}.html`)
  const ran = await run('report', input, '--html', '-o', file)
  expect(ran.code, ran.stderr).toBe(code)
  expect(ran.stdout).toBe('')
  return file
}

const variants = [
  ['built', 'Dockerfile', 0],
  ['failed', 'Failing.Dockerfile', 0],
  ['misspelt', 'Misspelt.Dockerfile', 0],
  ['never', 'Never.Dockerfile', 0],
  ['wrong', 'Wrong.Dockerfile', 1],
] as const

describe('in a browser', () => {
  it.each(variants)('%s: light and dark, wide and narrow', {timeout: 60_000}, async (name, input, code) => {
    const file = await page(input, code)
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 390]) {
        const {page: shown, complaints, close} = await openPage(browser, file, {colorScheme, width})
        expect(await shown.evaluate(() => document.documentElement.scrollWidth), 'the page itself never scrolls sideways').toBe(
          width,
        )
        for (const each of await shown.locator('summary').all())
          await each.evaluate(element => element.closest('details')?.setAttribute('open', ''))
        expect(await faintTexts(shown)).toEqual([])
        expect(await shown.evaluate(() => document.scripts.length)).toBe(0)
        expect(complaints).toEqual([])
        if (
          screens !== undefined &&
          (colorScheme === 'light') === (width === 1280) &&
          ['built', 'failed', 'never'].includes(name)
        ) {
          mkdirSync(screens, {recursive: true})
          await shown.reload()
          const target = join(screens, `report-${name}-${colorScheme}-${width}.png`)
          const height = Math.min(width === 390 ? 1700 : 1500, await shown.evaluate(() => document.documentElement.scrollHeight))
          await shown.screenshot({path: target, clip: {x: 0, y: 0, width, height}, fullPage: true})
          expect(statSync(target).size).toBeLessThan(200_000)
        }
        await close()
      }
    }
  })

  it('all is there without JavaScript, and links lead to their sections', async () => {
    const file = await page('Dockerfile')
    const {
      page: shown,
      complaints,
      close,
    } = await openPage(browser, file, {colorScheme: 'light', width: 800, javaScriptEnabled: false})
    await shown.getByRole('link', {name: 'Artifacts'}).click()
    expect(shown.url()).toMatch(/#artifacts$/)
    await shown.getByText('5 steps').first().click()
    expect(await shown.getByRole('cell', {name: 'passed'}).count()).toBe(0)
    expect(await shown.getByRole('img', {name: /^solver: built, from/}).count()).toBe(1)
    expect(await shown.getByRole('row', {name: /\/data\/mesh\.bin data final file 293\.0 kB ✓ verified/}).count()).toBe(1)
    expect(complaints).toEqual([])
    await close()
  })

  it('on paper nothing is cut off', async () => {
    const {page: shown, close} = await openPage(browser, await page('Dockerfile'), {colorScheme: 'dark', width: 1280})
    await shown.emulateMedia({media: 'print'})
    expect(await shown.evaluate(() => getComputedStyle(document.body).backgroundColor)).toBe('rgb(255, 255, 255)')
    expect((await shown.pdf()).length).toBeGreaterThan(10_000)
    await close()
  })
})

describe('what the page says', () => {
  it('of a build: when, with what, side by side, and what it printed', async () => {
    const text = readFileSync(await page('Dockerfile'), 'utf8')
    expect(text).toMatch(/<dt>engine<\/dt><dd>apptainer \d/)
    expect(text).toMatch(/5 of 5 stages ran, for .* in all; up to [23] side by side\./)
    expect(text).toContain('12 tests  passed &lt;/pre&gt;&lt;script&gt;')
    expect(text).toContain('project.sif')
    // It says nothing of the machine.
    expect(text).not.toContain(store)
  })

  it('of one that failed: what, where, and the last lines', async () => {
    const text = readFileSync(await page('Failing.Dockerfile'), 'utf8')
    expect(text).toContain('<span class="badge failed">failed</span></h1>')
    expect(text).toMatch(/<details open><summary>final <span class="badge failed">/)
    expect(text).toContain('can&#39;t open &#39;/data/none&#39;: No such file')
    expect(text).toMatch(/All of it: <code>logs\/Failing\.Dockerfile-final-[\w.-]+\.log<\/code>/)
    expect(existsSync(join(store, 'logs', /logs\/([^<]+)</.exec(text)?.[1] ?? ''))).toBe(true)
    expect(text).toMatch(/Failing\.Dockerfile:21:1<\/code> · /)
  })

  it('of a path that is missing: the line that asks for it, and that its stage was cached', async () => {
    const text = readFileSync(await page('Misspelt.Dockerfile'), 'utf8')
    expect(text).toContain('| COPY --from=data /data/mesh.dat /data/mesh.bin\n   |                  ^~~~~~~~~~~~~~')
    expect(text).toContain('✗ not as it must be')
    expect(text).toContain('<span class="name">base</span> <span class="badge cached">cached</span>')
    expect(text).toContain('No stage was run; ')
  })

  it('of a build that was stopped: how far it came', {timeout: 60_000}, async () => {
    work.write({'project/Slow.Dockerfile': dockerfile.replace('RUN solver --check', 'RUN echo "far enough"; sleep 600')})
    const argv = ['build', 'Slow.Dockerfile', '-o', join(work.path, 'work/slow.sif'), ...replaced]
    const env = {...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}), SIFSTAGE_CACHE_DIR: store}
    const building = execa(join(root, 'bin/sifstage'), argv, {cwd: project, env, reject: false, stdin: 'ignore'})
    building.stderr.on('data', chunk => {
      if (String(chunk).includes('] far enough')) building.kill('SIGTERM')
    })
    expect((await building).exitCode).toBe(143)
    const text = readFileSync(await page('Slow.Dockerfile'), 'utf8')
    expect(text).toContain('<span class="badge stopped">interrupted</span></h1>')
    expect(text).toMatch(/<details open><summary>final <span class="badge stopped">interrupted/)
    expect(text).toContain('far enough\n')
  })

  it('of a build again: everything cached', async () => {
    const again = await run('build', 'Dockerfile', '-o', join(work.path, 'work/project.sif'))
    expect(again.code, again.stderr).toBe(0)
    expect(readFileSync(await page('Dockerfile'), 'utf8')).toMatch(/No stage was run; 5 were cached\./)
  })

  it('of an image alone: what is in it', async () => {
    const file = await page(join(work.path, 'work/project.sif'))
    const text = readFileSync(file, 'utf8')
    expect(text).toContain('<h2 id="image">')
    expect(text).not.toContain('<h2 id="timeline">')
  })
})

describe('the command line', () => {
  it('prints the page where no file is named, and keeps --json apart from it', async () => {
    const printed = await run('report', 'Dockerfile', '--format', 'html')
    expect(printed.stdout).toMatch(/^<!DOCTYPE html>\n[\s\S]*<\/html>\n$/)
    const file = join(project, 'both.html')
    const both = await run('report', 'Dockerfile', '--html', '--json', '-o', file)
    expect(JSON.parse(both.stdout)).toMatchObject({version: 1, input: 'Dockerfile'})
    expect(readFileSync(file, 'utf8')).toBe(printed.stdout)
  })

  it('build --report writes the same page, however the build went', async () => {
    expect(readFileSync(join(project, 'by-build.html'), 'utf8')).toBe(readFileSync(await page('Failing.Dockerfile'), 'utf8'))
    const unwritable = await run('build', 'Dockerfile', '--report', 'none/x.html', '-o', join(work.path, 'work/project.sif'))
    expect(unwritable.code).toBe(0)
    expect(unwritable.stderr).toContain('warning: the report was not written: -o none/x.html cannot be written')
    expect(await run('build', '-', '--from', 'dockerfile', '--report', 'x.html')).toMatchObject({code: 2})
  })

  it('refuses what makes no sense, and leaves nothing beside', async () => {
    expect(await run('report', 'Dockerfile', '--html', '--format', 'text')).toMatchObject({code: 2})
    const nowhere = await run('report', 'Dockerfile', '--html', '-o', 'none/report.html')
    expect(nowhere.code).toBe(2)
    expect(nowhere.stderr).toContain('-o none/report.html cannot be written')
    expect(readdirSync(project).filter(name => name.includes('.sifstage'))).toEqual([])
  })

  it('tells nothing of a store that has lost its accounts', async () => {
    rmSync(join(store, 'builds'), {recursive: true})
    expect(readFileSync(await page('Dockerfile'), 'utf8')).toContain(
      'There is no timeline: this store has no account of a build of it.',
    )
  })
})
