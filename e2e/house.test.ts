import { join } from 'node:path'
import { expect, test } from 'vitest'
import { violations } from './house/rules.ts'
import { LONG_FILES, LONG_LINES } from './house/table.ts'
import { sourcesIn } from './house/source.ts'

const root = join(import.meta.dirname, '..')
const FOLDERS = ['protocol/src', 'daemon/src', 'daemon/native', 'cli/src', 'dashboard/src']

/** What the rules say of one file with this text at this path. */
function judged(path: string, text: string): string[] {
  return violations([{ path, text }])
}

test('the arrows of the house hold', () => {
  expect(violations(sourcesIn(root, FOLDERS))).toEqual([])
})

test('a reason for a long file goes when the file is short or gone', () => {
  const long = sourcesIn(root, FOLDERS).filter(({ text }) => text.split('\n').length > LONG_LINES).map(({ path }) => path)
  expect(Object.keys(LONG_FILES).filter((path) => !long.includes(path))).toEqual([])
})

test.each([
  ['protocol knows nobody', 'protocol/src/runs.ts', "import { State } from '@nexus/daemon/state/state'"],
  ['a client never knows the daemon, not even its types', 'cli/src/main.ts', "import type { State } from '@nexus/daemon/state/state'"],
  ['a path does not get around it', 'cli/src/main.ts', "import type { State } from '../../daemon/src/state/state.ts'"],
  ['nobody imports the tests', 'daemon/src/runs/runs.ts', "import { oracle } from '../../../e2e/oracle.ts'"],
  ['no arrow back', 'daemon/src/state/state.ts', "import type { Runs } from '../runs/runs.ts'"],
  ['no arrow aside', 'daemon/src/changes/open.ts', "import type { Sandbox } from '../sandbox/sandbox.ts'"],
  ['no value between rooms', 'daemon/src/runs/runs.ts', "import { State } from '../state/state.ts'"],
  ['one value among types is a value', 'daemon/src/runs/runs.ts', "import { type State, open } from '../state/state.ts'"],
  ['an import for its effect is a value', 'daemon/src/runs/runs.ts', "import '../state/state.ts'"],
  ['a re-export is an import', 'daemon/src/runs/runs.ts', "export { State } from '../state/state.ts'"],
  ['a late import is an import', 'daemon/src/runs/runs.ts', "const door = await import('../state/state.ts')"],
  ['a room that nobody entered in the table', 'daemon/src/attic/attic.ts', "import type { State } from '../state/state.ts'"],
  ['a room does not know the root', 'daemon/src/runs/runs.ts', "import type { Config } from '../config.ts'"],
  ['the database has one importer', 'daemon/src/runs/runs.ts', "import Database from 'better-sqlite3'"],
  ['also through drizzle', 'daemon/src/runs/runs.ts', "import { drizzle } from 'drizzle-orm/better-sqlite3'"],
  ['the environment has one reader', 'daemon/src/runs/runs.ts', 'export const home = process.env.HOME'],
  ['by import as well', 'cli/src/commands/run.ts', "import { env } from 'node:process'; export const home = env.HOME"],
  ['the clock has one place', 'daemon/src/runs/runs.ts', 'export const at = Date.now()'],
  ['a new Date is the clock', 'daemon/src/runs/runs.ts', 'export const at = new Date().getTime()'],
  ['300 lines ask for the second idea', 'cli/src/long.ts', '// line\n'.repeat(301)],
  ['names say something', 'cli/src/run-manager.ts', ''],
  ['kebab-case', 'cli/src/runManager.ts', ''],
])('broken: %s', (_, path, text) => {
  expect(judged(path, text)).toHaveLength(1)
})

test.each([
  ['a type along an arrow', 'daemon/src/runs/runs.ts', "import type { State } from '../state/state.ts'"],
  ['base by value', 'daemon/src/state/state.ts', "import { Bell } from '../base/bell.ts'"],
  ['the composition root builds everything', 'daemon/src/daemon.ts', "import { State } from './state/state.ts'"],
  ['a test builds the real room', 'daemon/src/runs/runs.test.ts', "import { State } from '../state/state.ts'"],
  ['a word in a comment', 'daemon/src/runs/runs.ts', '// never process.env, never Date.now()'],
  ['a date that is given', 'daemon/src/runs/runs.ts', 'export const at = new Date(0)'],
])('well: %s', (_, path, text) => {
  expect(judged(path, text)).toEqual([])
})
