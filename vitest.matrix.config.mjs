import {defineConfig} from 'vitest/config'
import everyday from './vitest.config.mjs'

// The same tests as every day with more of their cases: `npm run test:matrix`. Those that have cases to choose from.
export default defineConfig({
  test: {
    ...everyday.test,
    exclude: [],
    include: [
      'test/conformance/**/*.test.ts',
      'test/mutation/**/*.test.ts',
      'test/e2e/kill.test.ts',
      'test/e2e/image-engines.test.ts',
      'test/e2e/import.test.ts',
      'test/e2e/help-examples.test.ts',
      'test/full/templates.test.ts',
      'test/docs/guides.test.ts',
    ],
  },
})
