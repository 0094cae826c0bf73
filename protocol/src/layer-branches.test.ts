import { expect, test } from 'vitest'
import { branchesOf } from './layer-branches.ts'

const drawn = (...depths: number[]) => depths.map((_, at) => branchesOf(depths.map((depth) => ({ depth })), at).trunk)

test('trees beside and below one another', () => {
  expect(drawn(0, 1, 2, 2, 1, 0, 1)).toEqual(['', '├ ', '│ ├ ', '│ └ ', '└ ', '', '└ '])
  expect(branchesOf([{ depth: 0 }, { depth: 1 }, { depth: 2 }, { depth: 1 }], 1)).toEqual({ trunk: '├ ', hangs: '│ │' })
  expect(branchesOf([{ depth: 0 }], 0)).toEqual({ trunk: '', hangs: ' ' })
})

test('a deep one says how deep it is, and goes no further to the right', () => {
  const depths = Array.from({ length: 301 }, (_, depth) => depth)
  expect(drawn(...depths)[300]).toBe(`300 ${'  '.repeat(12)}└ `)
  expect(Math.max(...drawn(...depths).map((text) => text.length))).toBeLessThan(32)
})
