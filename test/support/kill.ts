/**
 * Kills the tool, its engine or the power at random moments of real work, and looks at what is left: the store whole or
 * mended with a word, OUT old or new, the next build right, and nothing lying about.
 */
import {spawn} from 'node:child_process'
import {chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {hashFile} from '../../src/system/files.js'
import {asUser, listImage, registry, root, sifstage, user, workFolder} from './engine.js'
import {PowerCut, randomOf} from './power-cut.js'

/** The base by its digest: others may push to the same registry meanwhile. */
async function pinnedBase(): Promise<string> {
  const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json'
  const answer = await fetch(`http://${registry}/v2/busybox/manifests/latest`, {method: 'HEAD', headers: {accept}})
  const digest = answer.headers.get('docker-content-digest')
  if (digest === null) throw new Error(`the registry ${registry} has no busybox`)
  return `${registry}/busybox@${digest}`
}

/** A diamond of four small stages; the number makes other content. */
function description(base: string, number: number): string {
  const from = `Bootstrap: docker\nFrom: ${base}\n`
  return [
    `${from}Stage: base\n\n%post\n    mkdir -p /made && echo base ${number} > /made/base\n    head -c 300000 /dev/zero | tr '\\0' '${number % 10}' > /made/much\n`,
    `${from}Stage: left\n\n%files from base\n    /made/base /from/base\n\n%post\n    cat /from/base > /left; echo left >> /left\n`,
    `${from}Stage: right\n\n%files from base\n    /made/base /from/base\n    /made/much /from/much\n\n%post\n    cat /from/base > /right; echo right >> /right; chown 5:6 /right\n`,
    `${from}Stage: final\n\n%files from left\n    /left /got/left\n\n%files from right\n    /right /got/right\n    /from/much /got/much\n\n%post\n    cat /got/left /got/right > /all\n`,
  ].join('\n')
}

export type Verb = 'build' | 'publish' | 'prune'
export type Death = 'tool' | 'engine' | 'power'

export interface Moment {
  readonly seed: number
  readonly verb: Verb
  readonly death: Death
}

export interface Aftermath {
  readonly moment: Moment
  /** What was going on when it was killed. */
  readonly at: string
  readonly lost: number
  /** Sentences of `cache verify` about damage that it dropped. */
  readonly damaged: readonly string[]
  readonly out: 'old' | 'new' | 'none'
  /** What is not as it must be. */
  readonly wrong: readonly string[]
}

/** Everything that can be compared of a build: what came out of each stage, and all that is in the image. */
interface Outcome {
  readonly stages: string
  readonly image: string
}

/** A number each from 0 up: moments are spread over verbs and deaths the same way for every count. */
export function moments(count: number, first = 1): Moment[] {
  const verbs = ['build', 'build', 'publish', 'prune'] as const
  const deaths = ['tool', 'power', 'engine'] as const
  return Array.from({length: count}, (_, i) => {
    const verb = verbs[i % verbs.length] ?? 'build'
    const death = deaths[Math.floor(i / verbs.length) % deaths.length] ?? 'tool'
    // Prune starts no engine.
    return {seed: first + i, verb, death: verb === 'prune' && death === 'engine' ? 'power' : death}
  })
}

export class KillBench {
  readonly #work = workFolder()
  readonly #folder = join(this.#work.path, 'work')
  readonly #scratch = join(this.#work.path, 'scratch')
  readonly #store = join(this.#folder, 'store')
  readonly #full = join(this.#folder, 'full')
  readonly #outFolder = join(this.#folder, 'out')
  readonly #out = join(this.#outFolder, 'image.sif')
  readonly #cut = new PowerCut(join(this.#work.path, 'cut'), [this.#store, this.#outFolder])
  #expected: Outcome = {stages: '', image: ''}
  #old = ''
  /** Milliseconds and changes that a verb takes when nobody disturbs it. */
  readonly #length = new Map<Verb, {readonly milliseconds: number; readonly changes: number}>()

  remove(): Promise<void> {
    return this.#work.remove()
  }

  #environment(): Record<string, string> {
    return {
      SIFSTAGE_TMPDIR: this.#scratch,
      SIFSTAGE_CACHE_DIR: this.#store,
      NO_COLOR: '1',
      ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}),
    }
  }

  #arguments(verb: Verb): string[] {
    if (verb === 'prune') return ['cache', 'prune', '--max-size', '400kB']
    return ['build', 'new.def', '-o', this.#out, '-j', '2', '--no-https', '--json']
  }

  /** The store as a verb finds it: empty, with the base stage alone, or full. */
  async #prepare(verb: Verb): Promise<void> {
    for (const folder of [this.#store, this.#outFolder]) rmSync(folder, {recursive: true, force: true})
    mkdirSync(this.#outFolder)
    cpSync(join(this.#folder, 'old.sif'), this.#out)
    if (verb === 'build') return
    await asUser(['cp', '-a', this.#full, this.#store], '/')
    if (verb === 'publish') {
      // Only the last moments of a build are left to do.
      rmSync(join(this.#store, 'outputs'), {recursive: true, force: true})
      const stages = join(this.#store, 'stages')
      for (const name of readdirSync(stages))
        if (/"stage": "final"/.test(readFileSync(join(stages, name, 'record.json'), 'utf8')))
          rmSync(join(stages, name), {recursive: true})
    }
  }

  /** All that is in OUT; the labels hold the time of the build. */
  async #content(): Promise<string> {
    const entries = [...(await listImage(this.#out))]
    return entries.map(([path, entry]) => (path === '/.singularity.d/labels.json' ? path : `${path} ${entry}`)).join('\n')
  }

  /** Builds what the kills are held against, and finds out how long each verb takes. */
  async prepare(): Promise<void> {
    const base = await pinnedBase()
    this.#work.write({'old.def': description(base, 1), 'new.def': description(base, 2)})
    mkdirSync(this.#scratch)
    chmodSync(this.#scratch, 0o777)
    const old = await sifstage(
      ['build', 'old.def', '-o', join(this.#folder, 'old.sif'), '--no-https', '--cache-dir', join(this.#folder, 'other')],
      {
        cwd: this.#work.path,
        env: this.#environment(),
      },
    )
    if (old.code !== 0) throw new Error(old.stderr)
    this.#old = await hashFile(join(this.#folder, 'old.sif'))
    mkdirSync(this.#outFolder)
    this.#expected = await this.#build()
    await asUser(['cp', '-a', this.#store, this.#full], '/')
    for (const verb of ['build', 'publish', 'prune'] as const) {
      await this.#prepare(verb)
      const started = performance.now()
      const ran = await this.#start(verb, this.#cut.environment(0)).ended
      if (ran.code !== 0) throw new Error(`${verb} fails undisturbed: ${ran.output}`)
      this.#length.set(verb, {milliseconds: performance.now() - started, changes: this.#cut.changes()})
    }
  }

  /** A whole build, and all that can be said of it. */
  async #build(): Promise<Outcome> {
    const ran = await sifstage(this.#arguments('build'), {cwd: this.#work.path, env: this.#environment()})
    if (ran.code !== 0) throw new Error(`the next build fails: ${ran.stderr}`)
    const document: {readonly stages: readonly {readonly name: string; readonly digest?: string}[]} = JSON.parse(ran.stdout)
    return {
      stages: document.stages.map(each => `${each.name} ${each.digest}`).join('\n'),
      image: await this.#content(),
    }
  }

  #start(verb: Verb, environment: Readonly<Record<string, string>>) {
    const child = spawn(join(root, 'bin/sifstage'), this.#arguments(verb), {
      cwd: this.#work.path,
      env: {...process.env, ...this.#environment(), ...environment},
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    for (const stream of [child.stdout, child.stderr]) stream.on('data', chunk => (output += String(chunk)))
    const ended = new Promise<{readonly code: number | null; readonly signal: string | null; readonly output: string}>(done =>
      child.once('close', (code, signal) => done({code, signal, output})),
    )
    return {child, ended}
  }

  /** Processes that work in our scratch. */
  #engines(): number[] {
    return readdirSync('/proc')
      .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter(name => {
        try {
          const argv = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0')
          let at = ''
          try {
            at = realpathSync(`/proc/${name}/cwd`)
          } catch {
            // Gone, or in another namespace.
          }
          return argv.some(each => each.includes(`${this.#scratch}/`)) || at.startsWith(`${this.#scratch}/`)
        } catch {
          return false
        }
      })
      .map(Number)
  }

  async #silence(milliseconds: number): Promise<boolean> {
    const end = performance.now() + milliseconds
    while (performance.now() < end && this.#engines().length > 0) await sleep(50)
    return this.#engines().length === 0
  }

  /** Kills at a moment; tells what was going on. */
  async #kill({verb, death}: Moment, random: () => number): Promise<string> {
    const length = this.#length.get(verb) ?? {milliseconds: 1000, changes: 10}
    if (death === 'power') {
      const at = 1 + Math.floor(random() * length.changes)
      await this.#start(verb, this.#cut.environment(at)).ended
      return this.#cut.last().replaceAll(`${this.#folder}/`, '')
    }
    const {child, ended} = this.#start(verb, {})
    let over = false
    void ended.then(() => {
      over = true
    })
    let what = ''
    const moment = random() * length.milliseconds
    await sleep(moment)
    if (death === 'tool') child.kill('SIGKILL')
    else {
      // The next that there is, if none is at work right now.
      while (!over && this.#engines().length === 0) await sleep(5)
      const engines = this.#engines()
      const victim = engines[Math.floor(random() * engines.length)]
      try {
        if (victim !== undefined) {
          what = readFileSync(`/proc/${victim}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 300)
          process.kill(victim, 'SIGKILL')
        }
      } catch {
        // It has just ended by itself.
      }
    }
    const {output} = await ended
    return `${Math.round(moment)} ms: ${what}\n${output}`
  }

  async #stateOfOut(): Promise<'old' | 'new' | 'none' | 'half'> {
    if (!existsSync(this.#out)) return 'none'
    if ((await hashFile(this.#out)) === this.#old) return 'old'
    try {
      return (await this.#content()) === this.#expected.image ? 'new' : 'half'
    } catch {
      return 'half'
    }
  }

  async run(moment: Moment): Promise<Aftermath> {
    const random = randomOf(moment.seed)
    await this.#prepare(moment.verb)
    const at = await this.#kill(moment, random)
    const wrong: string[] = []
    if (!(await this.#silence(8_000))) wrong.push(`processes are left: ${this.#engines().join(' ')}`)
    const lost = moment.death === 'power' ? this.#cut.lose(random) : []
    const out = await this.#stateOfOut()
    if (out === 'half') wrong.push('OUT is half')
    if (out === 'none') wrong.push('OUT is gone')
    if (moment.verb === 'prune' && out !== 'old') wrong.push('prune changed OUT')

    const options = {cwd: this.#work.path, env: this.#environment()}
    const verified = await sifstage(['cache', 'verify', '--json'], options)
    let damaged: readonly string[] = []
    try {
      const document: {readonly damaged?: readonly string[]} = JSON.parse(verified.stdout)
      damaged = document.damaged ?? []
    } catch {
      wrong.push(`cache verify: ${verified.stderr}`)
    }
    if (damaged.length > 0) wrong.push(`the store is damaged: ${damaged.join('; ')}`)
    const again = await sifstage(['cache', 'verify'], options)
    if (again.code !== 0) wrong.push(`cache verify leaves damage: ${again.stdout}${again.stderr}`)

    try {
      const next = await this.#build()
      if (next.stages !== this.#expected.stages)
        wrong.push(`the stages of the next build are others than from nothing: ${next.stages}, not ${this.#expected.stages}`)
      if (next.image !== this.#expected.image) wrong.push('the image of the next build is another than from nothing')
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error))
    }
    for (const [what, folder] of [
      ['scratch', this.#scratch],
      ['partial', join(this.#store, 'partial')],
      ['users', join(this.#store, 'users')],
      ['locks', join(this.#store, 'locks')],
    ] as const) {
      const left = (existsSync(folder) ? readdirSync(folder) : []).filter(
        // A mark whose content was lost says nothing any more: it goes once it is a minute old.
        name => !(moment.death === 'power' && what === 'users' && !readFileSync(join(folder, name), 'utf8').startsWith('{')),
      )
      if (left.length > 0) wrong.push(`${what} is left: ${left.join(' ')}`)
    }
    const beside = readdirSync(this.#outFolder).filter(name => name !== 'image.sif')
    if (beside.length > 0) wrong.push(`left beside OUT: ${beside.join(' ')}`)
    if (!(await this.#silence(5_000))) wrong.push(`processes are left after the next build: ${this.#engines().join(' ')}`)
    return {moment, at, lost: lost.length, damaged, out: out === 'half' ? 'none' : out, wrong}
  }
}

/** What the table in docs/kill-tests.md says. */
export function killTable(found: readonly Aftermath[]): string {
  const rows = new Map<string, Aftermath[]>()
  for (const each of found) {
    const row = `${each.moment.verb} | ${each.moment.death}`
    rows.set(row, [...(rows.get(row) ?? []), each])
  }
  const number = (all: readonly Aftermath[], which: (each: Aftermath) => boolean) => String(all.filter(which).length)
  const line = (name: string, all: readonly Aftermath[]) =>
    `| ${[
      name,
      String(all.length),
      number(all, each => each.lost > 0),
      number(all, each => each.damaged.length > 0),
      number(all, each => each.out === 'old'),
      number(all, each => each.out === 'new'),
      number(all, each => each.wrong.length > 0),
    ].join(' | ')} |`
  const seeds = found.map(each => each.moment.seed)
  return [
    '# Killed at random moments',
    '',
    `Made by \`SIFSTAGE_RECORD=table SIFSTAGE_TEST_FULL=1 npx vitest run test/full/kill\` on ${new Date().toISOString().slice(0, 10)}, seeds ${Math.min(...seeds)} to ${Math.max(...seeds)}.`,
    '',
    'A diamond of four stages with `-j 2`, Apptainer as the engine. `kill -9` of the tool or of a process of the engine at a',
    'random time, or a power cut at a random change of a file in the store or beside OUT: the tool is ended there, and what it',
    'had not synced is lost (test/support/power-cut.ts). *publish* builds the last stage and OUT alone, *prune* makes a full',
    'store small. Afterwards `cache verify` has to find no damage, OUT has to be the old or the new image, and the',
    'next build has to succeed with the same stages and the same image as one from nothing, leaving no process, scratch, lock',
    'or half entry behind. One thing may stay for a minute after a power cut: a mark of use whose content was lost.',
    '',
    '| during | killed | moments | something was lost | damage found | OUT old | OUT new | wrong |',
    '|---|---|---|---|---|---|---|---|',
    ...[...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, all]) => line(name, all)),
    line('**all** | ', found),
    '',
  ].join('\n')
}
