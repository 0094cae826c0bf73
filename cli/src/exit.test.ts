import { expect, test } from 'vitest'
import type { Run } from '@nexus/protocol/runs'
import { exitCodeOfRun, whyNotApplied } from './exit.ts'

const run = (facts: Partial<Run>): Run => ({ status: 'kept', exitCode: 0, signal: null, conflicts: [], changes: [], ...facts } as unknown as Run)
const check = (exitCode: number) => ({ command: 'x', exitCode, signal: null, durationMs: 1, output: '' })
const conflict = { path: 'a', reason: 'changed' as const }

test.each([
  ['the command\'s own', run({ exitCode: 7 }), 'keep', 7],
  ['its own outranks a wish that was not carried out', run({ exitCode: 7 }), 'apply', 7],
  ['128 + n', run({ exitCode: null, signal: 'SIGSEGV' }), 'keep', 139],
  ['kept without a wish', run({}), 'keep', 0],
  ['applied', run({ status: 'applied' }), 'apply', 0],
  ['nothing to apply', run({ status: 'unchanged' }), 'apply', 0],
  ['held back by a flag or policy', run({}), 'apply', 4],
  ['check failed', run({ check: check(1) }), 'apply', 5],
  ['conflict', run({ conflicts: [conflict] }), 'apply', 3],
  ['the host moved while it ran', run({ changes: [{ path: 'a', kind: 'modified', flags: ['base-moved'] }] }), 'apply', 3],
  ['the same without a wish', run({ changes: [{ path: 'a', kind: 'modified', flags: ['base-moved'] }] }), 'keep', 0],
  ['waiting', run({ status: 'waiting', exitCode: null }), 'keep', 4],
  ['timed out', run({ status: 'failed', endReason: 'timed-out', exitCode: null }), 'keep', 124],
  ['the sandbox failed', run({ status: 'failed', endReason: 'launcher-failed', exitCode: null }), 'keep', 125],
  ['denied', run({ status: 'refused', endReason: 'denied', exitCode: null }), 'keep', 126],
  ['not found', run({ exitCode: 127 }), 'keep', 127],
  ['interrupted', run({ status: 'failed', endReason: 'interrupted', exitCode: null }), 'keep', 130],
  ['killed by the switch', run({ status: 'failed', endReason: 'killed', exitCode: null }), 'keep', 137],
] as const)('%s', (_what, ended, wish, code) => {
  expect(exitCodeOfRun(ended, wish)).toBe(code)
})

test('why --apply was not carried out: a flag is blamed only where there is one', () => {
  expect(whyNotApplied(run({ changes: [{ path: 'a', kind: 'modified', flags: ['auto-exec'] }] }))).toContain('second look')
  expect(whyNotApplied(run({ changes: [{ path: 'a', kind: 'modified', flags: [] }] }))).toContain('it was stopped before that')
})
