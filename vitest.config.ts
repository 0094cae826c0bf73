import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const patience = process.env.NEXUS_ENDURANCE === '1' ? 10 : 1

/** Suites of e2e that only read sources: quick, and good without a build. */
const READING = ['e2e/house.test.ts', 'e2e/coverage.test.ts']

/** What looks at the whole machine (its processes, a full disk, a fork bomb) or at a moment has it to itself. */
const ALONE = ['ends', 'limits', 'interrupt', 'disk-full', 'crash-storm', 'soak', 'agents', 'old-chunks'].map((name) => `e2e/${name}.test.ts`)

/** In CI other work may spoil one try of a scenario, hardly two; vitest tells which needed the second. */
const e2e = { globalSetup: ['e2e/built.ts'], testTimeout: 180_000 * patience, hookTimeout: 120_000 * patience, retry: process.env.CI ? 1 : 0 }

// unit: beside the sources, in parallel. e2e: the built product through ./nexus, real daemons and sockets, each file with
// state and a project of its own, two files at a time; then those that want to be alone.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit', include: ['{protocol,daemon,cli,dashboard}/src/**/*.test.{ts,tsx}', ...READING],
          testTimeout: 60_000 * patience, hookTimeout: 60_000 * patience, setupFiles: ['e2e/chance.ts'],
          // vitest runs a project of one worker and order 0 last, and on two cores it would be one worker.
          maxWorkers: Math.max(2, availableParallelism() - 1), sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          ...e2e, name: 'e2e', include: ['e2e/**/*.test.ts'], exclude: ['**/node_modules/**', ...READING, ...ALONE],
          maxWorkers: 2, sequence: { groupOrder: 2 },
        },
      },
      { test: { ...e2e, name: 'e2e alone', include: ALONE, fileParallelism: false, sequence: { groupOrder: 3 } } },
    ],
  },
})
