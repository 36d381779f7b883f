import {defineConfig} from 'vitest/config'

// The readers of images and programs against inputs changed at random: SIFSTAGE_FUZZ_SECONDS each. They need no engine.
export default defineConfig({
  test: {include: ['test/properties/images.test.ts', 'test/properties/elf.test.ts'], hookTimeout: 120_000},
})
