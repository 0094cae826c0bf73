import { defineConfig } from 'vitest/config'

// unit: beside the sources, in parallel. e2e: the built product, real daemon and sockets, one file at a time.
export default defineConfig({
  test: {
    projects: [
      { test: { name: 'unit', include: ['{protocol,daemon,cli}/src/**/*.test.{ts,tsx}'], testTimeout: 60_000, hookTimeout: 60_000 } },
      { test: { name: 'e2e', include: ['e2e/**/*.test.ts'], testTimeout: 180_000, hookTimeout: 120_000, fileParallelism: false } },
    ],
  },
})
