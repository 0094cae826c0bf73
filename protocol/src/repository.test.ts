import { expect, test } from 'vitest'
import { companionsOf } from './repository.ts'

const changes = ['.git/HEAD', '.git/hooks/post-merge', 'a.txt', { base64: btoa('sub/.git/\xFF') }, 'sub/.git/HEAD', '.gitignore'].map((path) => ({ path }))

test('a path of a repository brings the rest of that repository, and nothing of another', () => {
  expect(companionsOf(changes, new Set([0]))).toEqual([1])
  expect(companionsOf(changes, new Set([2, 4]))).toEqual([3])
  expect(companionsOf(changes, new Set([0, 1]))).toEqual([])
})

test('files beside a repository bring nothing', () => {
  expect(companionsOf(changes, new Set([2, 5]))).toEqual([])
})

test('a rename into or out of a repository belongs to it', () => {
  expect(companionsOf([...changes, { path: 'kept', from: '.git/lost' }], new Set([6]))).toEqual([0, 1])
})

test('a socket in a repository does not come along: it is never applied', () => {
  expect(companionsOf([...changes, { path: '.git/fsmonitor--daemon.ipc', flags: ['special'] }], new Set([0]))).toEqual([1])
})
