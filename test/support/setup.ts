/** Before all tests: the engine has to be here, the program built, the registry up. */
import {existsSync} from 'node:fs'
import {join} from 'node:path'
import {execa} from 'execa'
import {asUser, bases, registry, root, user} from './engine.js'

export default async function setup(): Promise<void> {
  const version = await asUser(['apptainer', '--version'], '/')
  if (version.code !== 0)
    throw new Error(
      `the tests need a real Apptainer${user === undefined ? '' : ` that ${user} can run`}: ${version.stderr}\nInstall it with: scripts/setup.sh`,
    )
  for (const name of ['busybox', 'debian', 'gcc', 'musl']) {
    if (!existsSync(join(bases, `${name}.docker.tar`)))
      throw new Error(`the tests need the base image ${name} in ${bases}\nMake it with: scripts/setup.sh`)
  }
  await execa(join(root, 'scripts/registry.sh'), ['start', bases], {env: {PORT: registry.split(':')[1] ?? '5077'}})
  if (!existsSync(join(root, 'dist/cli/main.js'))) throw new Error('the program is not built: npm run build')
  // Only root can start one; what needs it fails where nobody did.
  if (process.env['DOCKER_HOST'] === undefined && process.getuid?.() === 0) await startDocker()
}

/** Docker's daemon. Its mirror of Docker Hub is the registry of the tests. */
async function startDocker(): Promise<void> {
  const {stdout} = await execa(join(root, 'scripts/docker.sh'), ['start'], {env: {MIRROR: `http://${registry}`}})
  for (const [, name = '', value = ''] of stdout.matchAll(/(\w+)=(\S+)/g))
    process.env[name] = value.replace('$PATH', process.env['PATH'] ?? '')
}
