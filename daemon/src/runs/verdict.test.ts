import { expect, test } from 'vitest'
import type { Change } from '@nexus/protocol/changes'
import { verdictAfter, type Seen } from './verdict.ts'

const NOTHING: Seen = { changes: [], denials: [], outside: 0 }
const deleted = (path: string): Change => ({ path, kind: 'deleted', flags: [] })

test('what was seen raises a verdict, says so first, and keeps what the text was, however often it is raised', () => {
  const text = { level: 'safe', reasons: ['only reads'] } as const
  const run = verdictAfter({ ...text, reasons: [...text.reasons] }, { ...NOTHING, outside: 1 })
  expect(run).toEqual({ level: 'caution', before: 'safe', reasons: ['it left files outside the project', 'only reads'] })
  expect(verdictAfter(run, { ...NOTHING, changes: [deleted('.git/HEAD')] })).toEqual({ level: 'critical', before: 'safe', confirm: true, reasons: ['it deleted the history: .git/HEAD', ...run.reasons] })
})

test('it never lowers one, and what adds nothing changes nothing', () => {
  const known = { level: 'dangerous' as const, reasons: ['installs software'] }
  expect(verdictAfter(known, { ...NOTHING, changes: [deleted('a')] })).toBe(known)
})

test('critical for what an apply never carries, then critical for what it does: the word is wanted', () => {
  const home = { level: 'critical' as const, reasons: ['deletes all of ~ (your home)'] }
  const seen = verdictAfter(home, { ...NOTHING, changes: [deleted('.git')] })
  expect(seen).toEqual({ level: 'critical', confirm: true, reasons: ['it deleted the history: .git', ...home.reasons] })
  expect(verdictAfter(seen, { ...NOTHING, changes: [deleted('.git')] })).toEqual(seen)
})
