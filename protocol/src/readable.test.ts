import { expect, test } from 'vitest'
import { safe, safeLines, safePath } from './readable.ts'

test('nothing that we print can command the terminal', () => {
  expect(safe('a\u001B[31mb\u0007\u009B2J\r\n\t\u007F')).toBe('a\\x1b[31mb\\x07\\x9b2J\\r\\n\\t\\x7f')
  expect(safe('safe\u202Egnp.exe')).toBe('safe\\u202egnp.exe')
  expect(safe('a\u00ADb\u3164c\u{E0072}\u{E006D}')).toBe('a\\xadb\\u3164c\\u{e0072}\\u{e006d}')
})

test('ordinary text stays, in every script', () => {
  for (const text of ['naïve', '日本語', '🚀 emoji', '👩‍👩‍👧 ⚠️', '한국어', 'ភាសាខ្មែរ', '-rf', 'a b']) expect(safe(text)).toBe(text)
})

test('a name that is not UTF-8 shows its bytes', () => {
  expect(safePath({ base64: Buffer.from([0x61, 0xff, 0x1b]).toString('base64') })).toBe('a\\xff\\x1b')
})

test('a patch keeps its lines and tabs', () => {
  expect(safeLines('+\ta\u001B]0;x\u0007\n-b')).toBe('+\ta\\x1b]0;x\\x07\n-b')
})
