import { expect, test } from 'vitest'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Change } from '@nexus/protocol/changes'
import { firstChoice, flaggedIn, markOf, namedPaths, turned } from './choice.ts'
import { rowsOf, treeOf } from './tree.ts'

const file = (path: Bytes, ...flags: Change['flags']): Change => ({ path, kind: 'added', flags })
const review = (changes: Change[], appliedPaths: Bytes[] = []) => ({ changes, appliedPaths, status: appliedPaths.length > 0 ? ('applied' as const) : ('kept' as const) })
function rows(changes: Change[]): string[] {
  const tree = treeOf(changes)
  return rowsOf(tree, tree.closed).map(({ depth, label, isFolder, isOpen }) => `${'  '.repeat(depth)}${label}${isFolder ? (isOpen ? '/' : '/…') : ''}`)
}

test('folders first; those that hold one folder only share its row; node_modules stays closed', () => {
  expect(rows([file('src/server/http/a.ts'), file('src/server/http/b.ts'), file('z.txt'), file('node_modules/a/1.js'), file('node_modules/b/2.js')])).toEqual(['node_modules/…', 'src/server/http/', '  a.ts', '  b.ts', 'z.txt'])
})

test('a long folder stays closed, unless something in it needs a second look', () => {
  const many = Array.from({ length: 50 }, (_, at) => file(`gen/f${String(at).padStart(2, '0')}`))
  expect(rows(many)).toEqual(['gen/…'])
  expect(rows([...many, file('gen/.envrc', 'auto-exec')]).length).toBe(52)
})

test('hostile names are one safe row each, and stay apart from each other', () => {
  const names: Bytes[] = ['a\nb', 'a\\nb', '<img src=x>', '\u202Egnp.exe', { base64: btoa('\u00FF/\u00FE') }, { base64: btoa('\u00FF/a') }, '__proto__', 'constructor/x']
  expect(rows(names.map((name) => file(name)))).toEqual(['constructor/', '  x', '\\xff/', '  a', '  \\xfe', '<img src=x>', '__proto__', 'a\\nb', 'a\\nb', '\\u202egnp.exe'])
})

test('everything is chosen but flagged paths; those turn one by one only', () => {
  const run = review([file('a'), file('d/.envrc', 'auto-exec'), file('d/b')])
  const first = firstChoice(run)
  expect([...first]).toEqual([0, 2])
  const without = turned(run, first, [1, 2])
  expect([...without]).toEqual([0])
  expect([...turned(run, without, [1, 2])]).toEqual([0, 2])
  expect(flaggedIn(run, turned(run, first, [1]))).toEqual([1])
  expect([markOf(first, [1, 2]), markOf(first, [0]), markOf(without, [1, 2])]).toEqual(['some', 'all', 'none'])
})

test('all of it needs no names; a flagged path is named; a folder with something left out is not', () => {
  const run = review([file('new'), file('new/a'), file('new/b'), file('newer')])
  expect(namedPaths(run, firstChoice(run))).toEqual([])
  expect(namedPaths(run, new Set([0, 1, 3]))).toEqual(['new/a', 'newer'])
  const flagged = review([file('.envrc', 'auto-exec'), file('a')])
  expect(namedPaths(flagged, new Set([0, 1]))).toEqual(['.envrc', 'a'])
})

test('what is on the host already is neither chosen nor named', () => {
  const run = review([file('a'), file('b'), file('c')], ['a'])
  expect([...firstChoice(run)]).toEqual([1, 2])
  expect(namedPaths(run, firstChoice(run))).toEqual(['b', 'c'])
})
