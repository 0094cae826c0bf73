import { expect, test } from 'vitest'
import { cut, widthOf } from './width.ts'

test.each([['abc', 3], ['naïve', 5], ['日本語', 6], ['🚀', 2], ['e\u0301', 1], ['한글', 4], ['', 0]])('%j takes %i columns', (text, columns) => {
  expect(widthOf(text)).toBe(columns)
})

test.each([['abcdef', 6, 'abcdef'], ['abcdef', 5, 'abcd…'], ['日本語', 6, '日本語'], ['日本語', 5, '日本…'], ['日本語', 4, '日…']])('%j in %i columns', (text, columns, shown) => {
  expect(cut(text, columns)).toBe(shown)
  expect(widthOf(cut(text, columns))).toBeLessThanOrEqual(columns)
})
