import { expect, test } from 'vitest'
import type { Change } from '@nexus/protocol/changes'
import { countChanges } from '@nexus/protocol/change-flags'
import type { Run } from '@nexus/protocol/runs'
import { listLine, nextSteps, summaryLines } from './summary.ts'
import { themeFor } from './theme.ts'
import { widthOf } from './width.ts'
import { duration } from '@nexus/protocol/words'

const theme = themeFor({}, 'never', {})
const change = (path: string, kind: Change['kind'], more: Partial<Change> = {}): Change => ({ path, kind, flags: [], ...more })

function run(facts: Partial<Run>): Run {
  const changes = facts.changes ?? []
  return {
    id: 'rabcdefghijkl', project: '/p', command: ['make'], cwd: '/p', status: 'kept', verdict: null, strength: 'full', backend: 'overlay', walls: [], exitCode: 0, signal: null,
    createdAt: 0, startedAt: 0, durationMs: 1234, usage: null, counts: countChanges(changes), digest: 'd', flags: [], pty: false, stdout: '', stderr: '',
    truncated: { stdout: 0, stderr: 0 }, changes, outside: [], denials: [], conflicts: [], appliedPaths: [], ...facts,
  }
}

test('a plain run', () => {
  const changes = [change('docs/a.md', 'deleted'), change('hello.txt', 'added'), change('new', 'renamed', { from: 'old' })]
  expect(summaryLines(run({ changes }), theme)).toEqual([
    'rabcdefghijkl · ✓ exit 0 · 1.2 s · kept', '  1 added, 1 deleted, 1 renamed', '  - docs/a.md', '  + hello.txt', '  → old → new',
  ])
})

test('node_modules is one line however deep; flagged paths are always shown', () => {
  const changes = [
    ...Array.from({ length: 900 }, (_, n) => change(`app/node_modules/m/${n}.js`, 'added')),
    change('.git/hooks/post-commit', 'added', { flags: ['auto-exec', 'git-internal'] }), change('.git/config', 'modified', { flags: ['git-internal'] }),
  ]
  expect(summaryLines(run({ changes }), theme).slice(2)).toEqual([
    '  +900 app/node_modules/ 900 paths', '  +1 ~1 .git/ 2 paths', '  + .git/hooks/post-commit  ⚑ runs by itself later',
  ])
})

test('less than full strength, the open network, what stayed outside and a failed check are said', () => {
  const lines = summaryLines(run({
    strength: 'reduced', walls: [{ name: 'pivot', up: false, required: true, cause: 'no C compiler' }, { name: 'landlock', up: false, required: false }], flags: ['host-network'],
    outside: [{ path: '/tmp/x', size: 2500 }], check: { command: 'npm test', exitCode: 1, signal: null, durationMs: 10, output: '' }, status: 'unchanged',
  }), theme)
  expect(lines).toEqual([
    'rabcdefghijkl · ✓ exit 0 · 1.2 s · unchanged  host network', '  strength: reduced — missing: pivot (no C compiler)', '  nothing would change',
    '  left outside the project, never applied: /tmp/x (2.5 kB)', '  ✗ check failed (exit 1)  npm test 10 ms',
  ])
})

test('what can be done next', () => {
  expect(nextSteps(run({ status: 'kept' }))).toEqual(['nexus diff rabcdefghijkl', 'nexus apply rabcdefghijkl', 'nexus discard rabcdefghijkl'])
  expect(nextSteps(run({ status: 'failed', endReason: 'launcher-failed' }))).toEqual(['nexus doctor'])
  expect(nextSteps(run({ status: 'applied', changes: [change('a', 'added')], appliedPaths: ['a'] }))).toEqual(['nexus rollback rabcdefghijkl'])
})

const directory = { type: 'directory', mode: '0755', size: 0, mtimeNs: '0', uid: 0, gid: 0 } as const

test('a folder stands with what is in it', () => {
  const changes = [change('a', 'added', { after: directory }), change('b.txt', 'added'), change('a/x', 'added'), change('c/y', 'deleted')]
  expect(summaryLines(run({ changes }), theme).slice(2)).toEqual(['  + a/', '  + a/x', '  + b.txt', '  - c/y'])
})

test('many folders are folded, and more than that are counted; a flagged path is never hidden', () => {
  const changes = [...Array.from({ length: 200 }, (_, n) => change(`d${n}/f`, 'added')), change('z/.envrc', 'added', { flags: ['auto-exec'] })]
  const lines = summaryLines(run({ changes }), theme).slice(2)
  expect(lines).toHaveLength(62)
  expect(lines.slice(-3)).toEqual(['  + d59/f', '  … and 141 paths in other folders', '  + z/.envrc  ⚑ runs by itself later'])
})

test('a hundred thousand changes cost no noticeable time', () => {
  const changes = Array.from({ length: 100_000 }, (_, n) => change(`src/${n}`, 'added'))
  const beganAt = performance.now()
  expect(summaryLines(run({ changes }), theme)).toHaveLength(3)
  expect(performance.now() - beganAt).toBeLessThan(1000)
})

test('what was turned away is said, a few of many', () => {
  const denials = Array.from({ length: 7 }, (_, n) => ({ kind: 'network' as const, target: `evil\u001B[2J${n}.example:443`, host: 'evil', port: 443, count: n + 1, reason: 'not-listed' as const, why: 'it is not on the list', ...(n === 1 ? { allow: 'nexus run --net evil -- …' } : {}) }))
  expect(summaryLines(run({ status: 'unchanged', denials }), theme).slice(2)).toEqual([
    '  denied network evil\\x1b[2J0.example:443: it is not on the list', '  denied network evil\\x1b[2J1.example:443 2 times: it is not on the list', '    to allow it: nexus run --net evil -- …',
    ...[2, 3, 4].map((n) => `  denied network evil\\x1b[2J${n}.example:443 ${n + 1} times: it is not on the list`), '  … and 2 more denials',
  ])
})

test('one line of the list fits the terminal, also with wide characters', () => {
  const line = listLine({ ...run({ command: ['echo 日本語日本語日本語日本語日本語日本語'] }) }, '3 s ago', theme, 63)
  expect(line).toBe('rabcdefghijkl  kept        0 changes    3 s ago     echo 日本…')
  expect(widthOf(line)).toBeLessThanOrEqual(63)
})

test.each([[0, '0 ms'], [999, '999 ms'], [999.9, '1.0 s'], [59_940, '59.9 s'], [59_960, '1 min 0 s'], [3_599_900, '1 h 0 min'], [7_260_000, '2 h 1 min']])('%d ms is %s', (milliseconds, words) => {
  expect(duration(milliseconds)).toBe(words)
})
