import { join } from 'node:path'
import { expect, test } from 'vitest'
import { benchmarksIn, proofsIn } from './house/proofs.ts'
import { isTest, sourcesIn } from './house/source.ts'
import { proves, REQUIREMENTS } from './requirements.ts'

const root = join(import.meta.dirname, '..')
const sources = sourcesIn(root, ['protocol/src', 'daemon/src', 'cli/src', 'dashboard/src', 'e2e'])
const proofs = [...sources.filter(({ path }) => isTest(path) && path !== 'e2e/coverage.test.ts').flatMap(proofsIn), ...sources.flatMap(benchmarksIn)]

test.each(Object.entries(REQUIREMENTS).filter(([, { built }]) => built))('%s has a proof', (id) => {
  expect(proofs.filter((proof) => proof.id === id)).not.toEqual([])
})

test('every proof names a promise that is marked built', () => {
  const requirements: Readonly<Record<string, { built: boolean }>> = REQUIREMENTS
  expect(proofs.filter(({ id }) => requirements[id]?.built !== true)).toEqual([])
})

test('a figure is proved by a benchmark that names it, never by a timed test', () => {
  expect(benchmarksIn({ path: 'e2e/bench/a.bench.ts', text: '// PERF-1: the client\nrun()' }).map(({ id }) => id)).toEqual(['PERF-1'])
  expect(benchmarksIn({ path: 'e2e/bench/a.ts', text: '// PERF-1: the client' })).toEqual([])
  // PERF-8 counts corrupted hosts and measures nothing.
  expect(proofs.filter(({ id, path }) => id.startsWith('PERF-') && id !== 'PERF-8' && !path.endsWith('.bench.ts'))).toEqual([])
})

test('what counts as a proof', () => {
  const ids = (text: string) => proofsIn({ path: 'a.test.ts', text }).map(({ id }) => id)
  expect(ids("test(proves('a', 'RUN-1', 'RUN-2'), () => {})")).toEqual(['RUN-1', 'RUN-2'])
  expect(ids("describe('b [SYS-4]', () => {})")).toEqual(['SYS-4'])
  expect(ids("test.each([1])('c %i [SYS-4]', () => {})")).toEqual(['SYS-4'])
  expect(ids("test.skip(proves('d', 'RUN-1'), () => {})")).toEqual([])
  expect(ids("test.todo('e [RUN-1]')")).toEqual([])
  expect(ids("expect('f [RUN-1]')")).toEqual([])
  expect(ids("// test('g [RUN-1]')")).toEqual([])
  expect(proves('h', 'RUN-1', 'SYS-4')).toBe('h [RUN-1, SYS-4]')
})
