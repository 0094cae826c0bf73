import { expect, test } from 'vitest'
import { linesOf, pairsOf } from './patch.ts'

const PATCH = ['diff --git a/x b/x', 'old mode 100644', 'new mode 100755', '--- a/x', '+++ b/x', '@@ -1,4 +1,4 @@', ' same', '-const a = 1', '+const a = 2', '--- gone', ' end', '\\ No newline at end of file', ''].join('\n')

test('a patch as numbered lines; file headers are known from the tree, a line of dashes is a line', () => {
  expect(linesOf(PATCH)).toEqual([
    { kind: 'note', text: 'old mode 100644' }, { kind: 'note', text: 'new mode 100755' }, { kind: 'hunk', text: '@@ -1,4 +1,4 @@' },
    { kind: 'same', oldNumber: 1, newNumber: 1, text: 'same' },
    { kind: 'removed', oldNumber: 2, text: 'const a = 1', edited: [10, 11] }, { kind: 'added', newNumber: 2, text: 'const a = 2', edited: [10, 11] },
    { kind: 'removed', oldNumber: 3, text: '-- gone' }, { kind: 'same', oldNumber: 4, newNumber: 3, text: 'end' }, { kind: 'note', text: 'No newline at end of file' },
  ])
})

test('side by side: what was removed stands beside what came in its place', () => {
  const lines = linesOf('@@ -1,3 +1,2 @@\n-a\n-b\n+c\n d')
  expect(pairsOf(lines).map(({ left, right }) => [left?.text, right?.text])).toEqual([['@@ -1,3 +1,2 @@', '@@ -1,3 +1,2 @@'], ['a', 'c'], ['b', undefined], ['d', 'd']])
})

test('a stretch is marked only where lines were edited, not where they were replaced', () => {
  const edited = (patch: string) => linesOf(patch).map((line) => line.edited)
  expect(edited('@@ -1 +1 @@\n-listen(port)\n+listen(port, host)')).toEqual([undefined, [11, 11], [11, 17]])
  expect(edited('@@ -1 +1 @@\n-something\n+else entirely')).toEqual([undefined, undefined, undefined])
})

test('nothing is nothing', () => {
  expect(linesOf('')).toEqual([])
})
