/** The program: oclif finds the command by the manifest and loads only that. */
import {fileURLToPath} from 'node:url'
import {handle} from '@oclif/core/handle'
import {run} from '@oclif/core/run'

const root = fileURLToPath(new URL('../../', import.meta.url))

try {
  await run(process.argv.slice(2), root)
} catch (error) {
  await handle(error instanceof Error ? error : new Error(String(error)))
}
