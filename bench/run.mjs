// npm run bench [-- startup | build | docker | diamond | steps | formats | images] [--rounds N]: tables in Markdown on standard output, dots on standard error.
import {execFileSync, spawnSync} from 'node:child_process'
import {readFileSync} from 'node:fs'
import {availableParallelism, cpus, release, totalmem} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'
import {parseArgs} from 'node:util'
import {build} from './build.mjs'
import {docker} from './docker.mjs'
import {formats} from './formats.mjs'
import {images} from './images.mjs'
import {startup} from './startup.mjs'
import {diamonds, steps} from './store.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const {values, positionals} = parseArgs({allowPositionals: true, options: {rounds: {type: 'string'}}})
const wanted = new Set(
  positionals.length === 0 ? ['startup', 'build', 'docker', 'diamond', 'steps', 'formats', 'images'] : positionals,
)
const user = process.getuid() === 0 ? (process.env.SIFSTAGE_TEST_USER ?? 'hpc') : undefined
const bases = process.env.SIFSTAGE_TEST_BASES ?? '/var/tmp/sifstage-bases'
const node = process.execPath

/** What the numbers depend on; nothing that names the machine. */
function machine() {
  const as = user === undefined ? [] : [join(root, 'scripts/as-user.sh'), user]
  const [file, ...args] = [...as, 'apptainer', '--version']
  const apptainer = execFileSync(file, args, {encoding: 'utf8', cwd: '/'}).trim()
  const system = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1]
  const memory = Math.round(totalmem() / 2 ** 30)
  return `${availableParallelism()} cores (${cpus()[0]?.model ?? 'unknown'}), ${memory} GiB, ${system}, Linux ${release().split('-')[0]}; Node ${process.versions.node}, ${apptainer}\n`
}

if (['build', 'diamond', 'steps'].some(each => wanted.has(each))) {
  const ready = spawnSync(join(root, 'scripts/setup.sh'), ['--bases', 'busybox gcc'], {stdio: ['ignore', 2, 2]})
  if (ready.status !== 0) process.exit(ready.status ?? 1)
}
process.stdout.write(`${machine()}\n`)
if (wanted.has('startup')) process.stdout.write(`${startup({root, node, rounds: Number(values.rounds ?? 20)})}\n`)
if (wanted.has('build')) {
  const registry = execFileSync(join(root, 'scripts/registry.sh'), ['start', bases], {encoding: 'utf8'}).trim()
  process.stdout.write(`${build({root, user, registry, rounds: Number(values.rounds ?? 5)})}\n`)
}
if (wanted.has('docker')) {
  const registry = execFileSync(join(root, 'scripts/registry.sh'), ['start', bases], {encoding: 'utf8'}).trim()
  const started = execFileSync(join(root, 'scripts/docker.sh'), ['start'], {
    encoding: 'utf8',
    env: {...process.env, MIRROR: `http://${registry}`},
  })
  for (const [, name, value] of started.matchAll(/(\w+)=(\S+)/g)) process.env[name] = value.replace('$PATH', process.env.PATH)
  for (const functions of [10, 4000])
    process.stdout.write(`${docker({root, registry, rounds: Number(values.rounds ?? 3), functions})}\n`)
}
for (const [name, bench] of [
  ['diamond', diamonds],
  ['steps', steps],
]) {
  if (!wanted.has(name)) continue
  const registry = execFileSync(join(root, 'scripts/registry.sh'), ['start', bases], {encoding: 'utf8'}).trim()
  process.stdout.write(`${bench({root, user, registry, rounds: Number(values.rounds ?? 3)})}\n`)
}
if (wanted.has('formats'))
  for (const [image, path] of [
    ['debian', 'usr/bin/perl'],
    ['gcc', 'usr/bin/ld.bfd'],
  ])
    process.stdout.write(`${formats({bases, image, path, rounds: Number(values.rounds ?? 3)})}\n`)
if (wanted.has('images')) {
  const registry = execFileSync(join(root, 'scripts/registry.sh'), ['start', bases], {encoding: 'utf8'}).trim()
  for (const megabytes of [170, 1024])
    process.stdout.write(`${images({root, user, registry, bases, rounds: Number(values.rounds ?? 3), megabytes})}\n`)
}
