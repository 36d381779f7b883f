import {defineConfig} from 'vitest/config'

export default defineConfig({
  test: {
    globalSetup: ['test/support/setup.ts'],
    include: ['test/**/*.test.ts'],
    exclude: ['test/full/**'],
    testTimeout: 20_000,
    hookTimeout: 120_000,
    snapshotFormat: {printBasicPrototype: false},
  },
})
