import {defineConfig} from 'vitest/config'

// The long matrices: kill moments, engines × examples. `npm run test:full` runs them too.
const full = process.env.SIFSTAGE_TEST_FULL === '1'

export default defineConfig({
  test: {
    globalSetup: ['test/support/setup.ts'],
    include: ['test/**/*.test.ts'],
    exclude: full ? [] : ['test/full/**'],
    testTimeout: 20_000,
    hookTimeout: 120_000,
    snapshotFormat: {printBasicPrototype: false},
  },
})
