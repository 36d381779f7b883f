import {availableParallelism} from 'node:os'
import {defineConfig} from 'vitest/config'

// The long matrices: kill moments, engines × examples. `npm run test:full` runs them too.
const full = process.env.SIFSTAGE_TEST_FULL === '1'

export default defineConfig({
  test: {
    globalSetup: ['test/support/setup.ts'],
    include: ['test/**/*.test.ts'],
    exclude: full ? [] : ['test/full/**'],
    // Each waits for engines, disks and registries as much as for a core; vitest's own choice would leave one idle.
    maxWorkers: Math.max(2, availableParallelism()),
    testTimeout: 40_000,
    hookTimeout: 120_000,
    snapshotFormat: {printBasicPrototype: false},
  },
})
