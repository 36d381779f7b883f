/**
 * Kills the tool, its engine or the power at random moments of real work, and looks at what is left: the store whole or
 * mended with a word, OUT old or new, the next build right, and nothing lying about.
 */
import {spawn} from 'node:child_process'
import {chmodSync, cpSync, existsSync, lstatSync, mkdirSync, readdirSync, readFileSync, realpathSync, rmSync} from 'node:fs'
import {join} from 'node:path'
import {setTimeout as sleep} from 'node:timers/promises'
import {hashFile} from '../../src/system/files.js'
import {asUser, listImage, type Ran, registry, root, sifstage, user, workFolder} from './engine.js'
import {diamond, pinnedBase, stepwise} from './kill-inputs.js'
import {type Aftermath, type Moment, VERBS, type Verb, verbWays} from './kill-moments.js'
import {PowerCut, randomOf} from './power-cut.js'

/** Everything that can be compared of a build: what came out of each stage, and all that is in the image. */
interface Outcome {
  readonly stages: string
  readonly image: string
}

export class KillBench {
  readonly #work = workFolder()
  readonly #folder = join(this.#work.path, 'work')
  readonly #scratch = join(this.#work.path, 'scratch')
  readonly #store = join(this.#folder, 'store')
  /** A store with all of the diamond, which others pull from as well, and one with all points of the steps. */
  readonly #full = join(this.#folder, 'full')
  readonly #points = join(this.#folder, 'points')
  readonly #shared = `oras://${registry}/shared/kill-${process.pid}-${Date.now()}`
  #publicLine = ''
  readonly #outFolder = join(this.#folder, 'out')
  readonly #out = join(this.#outFolder, 'image.sif')
  readonly #cut = new PowerCut(join(this.#work.path, 'cut'), [this.#store, this.#outFolder])
  /** From nothing, of the diamond and of the steps. */
  #diamond: Outcome = {stages: '', image: ''}
  #stepwise: Outcome = {stages: '', image: ''}
  #old = ''
  /** Milliseconds and changes that a verb takes when nobody disturbs it. */
  readonly #length = new Map<string, {readonly milliseconds: number; readonly changes: number}>()

  remove(): Promise<void> {
    return this.#work.remove()
  }

  #environment(): Record<string, string> {
    return {
      SIFSTAGE_TMPDIR: this.#scratch,
      SIFSTAGE_CACHE_DIR: this.#store,
      XDG_CONFIG_HOME: join(this.#work.path, 'config'),
      NO_COLOR: '1',
      ...(user === undefined ? {} : {SIFSTAGE_RUN_AS: user}),
    }
  }

  #arguments(verb: Verb, way = ''): string[] {
    if (verb === 'prune') return ['cache', 'prune', '--max-size', '400kB']
    const build = ['-o', this.#out, '-j', '2', '--no-https', '--json']
    if (verb === 'steps') return ['build', 'steps/Dockerfile', '--checkpoints', way === 'whole' ? 'off' : 'always', ...build]
    const from = way.startsWith('folder') ? this.#full : this.#shared
    const pull = verb === 'pull' && way !== '' ? ['--store-from', from, '--store-trust', this.#publicLine] : []
    const anew = way.endsWith('left anew') ? ['--no-cache-filter', 'left'] : []
    return ['build', 'new.def', ...build, ...pull, ...anew]
  }

  /** The store as a verb finds it: empty, with a part of what it makes, or full. */
  async #prepare(verb: Verb, way: string, random: () => number): Promise<void> {
    for (const folder of [this.#store, this.#outFolder]) rmSync(folder, {recursive: true, force: true})
    mkdirSync(this.#outFolder)
    cpSync(join(this.#folder, 'old.sif'), this.#out)
    if (verb === 'steps' && way === 'from a point') {
      await asUser(['cp', '-a', this.#points, this.#store], '/')
      for (const name of ['stages', 'outputs']) rmSync(join(this.#store, name), {recursive: true})
      const points = this.#pointsOf(this.#store)
      const done = Math.floor(random() * (Math.max(...points.map(each => each.steps)) + 1))
      for (const {entry} of points.filter(each => each.steps > done)) rmSync(entry, {recursive: true})
    }
    if (verb !== 'publish' && verb !== 'prune') return
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

  /** The points inside the stage that a store has. */
  #pointsOf(store: string): {readonly entry: string; readonly key: string; readonly before?: string; readonly steps: number}[] {
    const folder = join(store, 'checkpoints')
    return (existsSync(folder) ? readdirSync(folder) : []).map(name => {
      const record: {key: string; before?: string; steps: number} = JSON.parse(
        readFileSync(join(folder, name, 'record.json'), 'utf8'),
      )
      return {entry: join(folder, name), ...record}
    })
  }

  /** The line of the Dockerfile that the next build has to go on after, if there is one: each step has a line, and so has FROM. */
  #goesOnAfter(): number | undefined {
    if (existsSync(join(this.#store, 'stages')) && readdirSync(join(this.#store, 'stages')).length > 0) return undefined
    const points = this.#pointsOf(this.#store)
    const isWhole = (key: string | undefined): boolean =>
      key === undefined || points.some(each => each.key === key && isWhole(each.before))
    const steps = points.filter(each => isWhole(each.key)).map(each => each.steps)
    return steps.length === 0 ? undefined : 1 + Math.max(...steps)
  }

  /** All that is in the store that is only read; nobody may change it. */
  #stateOfFull(): string {
    const paths = readdirSync(this.#full, {recursive: true, encoding: 'utf8'}).sort()
    return paths
      .map(path => {
        const {mode, uid, size, mtimeMs} = lstatSync(join(this.#full, path))
        return `${path} ${mode} ${uid} ${size} ${mtimeMs}`
      })
      .join('\n')
  }

  /** All that is in OUT; the labels hold the time of the build. */
  async #content(): Promise<string> {
    const entries = [...(await listImage(this.#out))]
    return entries.map(([path, entry]) => (path === '/.singularity.d/labels.json' ? path : `${path} ${entry}`)).join('\n')
  }

  /** Builds what the kills are held against, and finds out how long each verb takes. */
  async prepare(verbs: readonly Verb[] = VERBS): Promise<void> {
    const base = await pinnedBase()
    this.#work.write({
      'old.def': diamond(base, 1),
      'new.def': diamond(base, 2),
      'steps/Dockerfile': stepwise(base),
      'steps/source.txt': 'source\n',
    })
    mkdirSync(this.#scratch)
    chmodSync(this.#scratch, 0o777)
    this.#publicLine = (await this.#run(['cache', 'key'])).stdout.trim()
    const other = ['--no-https', '--cache-dir', join(this.#folder, 'other')]
    await this.#run(['build', 'old.def', '-o', join(this.#folder, 'old.sif'), ...other])
    this.#old = await hashFile(join(this.#folder, 'old.sif'))
    mkdirSync(this.#outFolder)
    this.#diamond = await this.#build(this.#arguments('build'))
    await this.#run([...this.#arguments('build'), '--store-to', this.#shared])
    await asUser(['cp', '-a', this.#store, this.#full], '/')
    this.#stepwise = await this.#build([...this.#arguments('steps', 'whole'), ...other])
    await this.#prepare('steps', '', Math.random)
    await this.#run(this.#arguments('steps'))
    await asUser(['cp', '-a', this.#store, this.#points], '/')
    for (const {verb, way} of verbWays(verbs)) {
      await this.#prepare(verb, way, () => 0.5)
      const started = performance.now()
      const ran = await this.#start(verb, way, this.#cut.environment(0)).ended
      if (ran.code !== 0) throw new Error(`${verb} fails undisturbed: ${ran.output}`)
      this.#length.set(`${verb} ${way}`, {milliseconds: performance.now() - started, changes: this.#cut.changes()})
    }
  }

  /** The tool, which must succeed. */
  async #run(args: readonly string[]): Promise<Ran> {
    const ran = await sifstage(args, {cwd: this.#work.path, env: this.#environment()})
    if (ran.code !== 0) throw new Error(`${args[0]} fails: ${ran.stderr}`)
    return ran
  }

  /** A whole build, and all that can be said of it. */
  async #build(args: readonly string[]): Promise<Outcome & {readonly stderr: string}> {
    const ran = await this.#run(args)
    const document: {readonly stages: readonly {readonly name: string; readonly digest?: string}[]} = JSON.parse(ran.stdout)
    return {
      stages: document.stages.map(each => `${each.name} ${each.digest}`).join('\n'),
      image: await this.#content(),
      stderr: ran.stderr,
    }
  }

  #start(verb: Verb, way: string, environment: Readonly<Record<string, string>>) {
    const child = spawn(join(root, 'bin/sifstage'), this.#arguments(verb, way), {
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
  async #kill({verb, way, death}: Moment, random: () => number): Promise<string> {
    const length = this.#length.get(`${verb} ${way}`) ?? {milliseconds: 1000, changes: 10}
    if (death === 'power') {
      const at = 1 + Math.floor(random() * length.changes)
      await this.#start(verb, way, this.#cut.environment(at)).ended
      return this.#cut.last().replaceAll(`${this.#folder}/`, '')
    }
    const {child, ended} = this.#start(verb, way, {})
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

  async #stateOfOut(expected: Outcome): Promise<'old' | 'new' | 'none' | 'half'> {
    if (!existsSync(this.#out)) return 'none'
    if ((await hashFile(this.#out)) === this.#old) return 'old'
    try {
      return (await this.#content()) === expected.image ? 'new' : 'half'
    } catch {
      return 'half'
    }
  }

  async run(moment: Moment): Promise<Aftermath> {
    const random = randomOf(moment.seed)
    const {verb, way} = moment
    const expected = verb === 'steps' ? this.#stepwise : this.#diamond
    await this.#prepare(verb, way, random)
    const full = this.#stateOfFull()
    const at = await this.#kill(moment, random)
    const wrong: string[] = []
    if (!(await this.#silence(8_000))) wrong.push(`processes are left: ${this.#engines().join(' ')}`)
    const lost = moment.death === 'power' ? this.#cut.lose(random) : []
    const out = await this.#stateOfOut(expected)
    if (out === 'half') wrong.push('OUT is half')
    if (out === 'none') wrong.push('OUT is gone')
    if (verb === 'prune' && out !== 'old') wrong.push('prune changed OUT')

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
    // A power cut can take the folder itself with it: then there is nothing that could be wrong.
    if (again.code !== 0 && !again.stderr.includes('there is no store at'))
      wrong.push(`cache verify leaves damage: ${again.stdout}${again.stderr}`)

    const line = verb === 'steps' ? this.#goesOnAfter() : undefined
    try {
      // What was pulled is whole by itself; what was not is fetched now, or built.
      const again =
        verb === 'steps' ? this.#arguments(verb) : this.#arguments(verb === 'pull' ? verb : 'build', random() < 0.5 ? way : '')
      const next = await this.#build(again)
      if (next.stages !== expected.stages)
        wrong.push(`the stages of the next build are others than from nothing: ${next.stages}, not ${expected.stages}`)
      if (next.image !== expected.image) wrong.push('the image of the next build is another than from nothing')
      if (line !== undefined && !next.stderr.includes(`goes on after line ${line},`))
        wrong.push(`the next build does not go on after line ${line}: ${next.stderr}`)
    } catch (error) {
      wrong.push(error instanceof Error ? error.message : String(error))
    }
    if (this.#stateOfFull() !== full) wrong.push('the store that is only read was changed')
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
