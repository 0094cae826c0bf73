import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'

const patience = process.env.NEXUS_ENDURANCE === '1' ? 10 : 1

/** Suites of e2e that only read sources: quick, and good without a build. */
const READING = ['e2e/house.test.ts', 'e2e/coverage.test.ts']

// unit: beside the sources, in parallel. e2e: the built product through ./nexus, real daemons and sockets, one file at a
// time and after the units, so that what measures or counts milliseconds has the machine to itself.
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit', include: ['{protocol,daemon,cli,dashboard}/src/**/*.test.{ts,tsx}', ...READING],
          testTimeout: 60_000 * patience, hookTimeout: 60_000 * patience,
          // vitest runs a project of one worker and order 0 last, and on two cores it would be one worker.
          maxWorkers: Math.max(2, availableParallelism() - 1), sequence: { groupOrder: 1 },
        },
      },
      {
        test: {
          name: 'e2e', include: ['e2e/**/*.test.ts'], exclude: ['**/node_modules/**', ...READING], globalSetup: ['e2e/built.ts'],
          testTimeout: 180_000 * patience, hookTimeout: 120_000 * patience, fileParallelism: false,
          // In CI other work may spoil one try of a scenario, hardly two; vitest tells which needed the second.
          retry: process.env.CI ? 1 : 0, sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
