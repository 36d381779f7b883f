/** The program: oclif finds the command by the manifest and loads only that. */
import {fileURLToPath} from 'node:url'
import {handle} from '@oclif/core/handle'
import {run} from '@oclif/core/run'

const root = fileURLToPath(new URL('../../', import.meta.url))
const argv = process.argv.slice(2)

/** Says what is wrong with the command line; everything else is oclif's to tell. */
async function fail(error: Error): Promise<void> {
  if ((error as {readonly oclif?: {readonly exit?: number}}).oclif?.exit === 2) {
    const {usageAdvice} = await import('./usage.js')
    const advice = usageAdvice(error, argv, `${root}oclif.manifest.json`)
    if (advice !== undefined) {
      const {visible} = await import('../reports/visible.js')
      process.stderr.write(`error: ${visible(advice.message)}\n  ${visible(advice.hint)}\n`)
      process.exitCode = 2
      return
    }
  }
  await handle(error)
}

// A theme and plugins of the user are looked for in the home folder. We have none, and a home whose file server is gone
// would hold us.
process.env['SIFSTAGE_DISABLE_THEME'] = '1'

try {
  await run(argv, {root, userPlugins: false})
  if (argv[0] === '--version') {
    const {versionLines} = await import('./version.js')
    // A program that does not end would keep us.
    process.stdout.write(await versionLines(), () => process.exit())
  }
} catch (error) {
  await fail(error instanceof Error ? error : new Error(String(error)))
}
