import { expect, test } from 'vitest'
import { canonicalJson } from './canonical.ts'

test('the example of RFC 8785, section 3.2.3', () => {
  const value = JSON.parse('{"\\u20ac":"Euro Sign","\\r":"Carriage Return","\\ufb33":"Hebrew Letter Dalet With Dagesh","1":"One","\\ud83d\\ude00":"Emoji: Grinning Face","\\u0080":"Control","\\u00f6":"Latin Small Letter O With Diaeresis"}')
  const order = [...canonicalJson(value).matchAll(/":"([^"]*)"/g)].map(([, text]) => text)
  expect(order).toEqual(['Carriage Return', 'One', 'Control', 'Latin Small Letter O With Diaeresis', 'Euro Sign', 'Emoji: Grinning Face', 'Hebrew Letter Dalet With Dagesh'])
})

test('no white space, nested, undefined members left out', () => {
  expect(canonicalJson({ b: [1.0, 1e21, null, true], a: { y: undefined, x: 'ü\n' } })).toBe('{"a":{"x":"ü\\n"},"b":[1,1e+21,null,true]}')
})

test('what JSON cannot say is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, 1n, undefined, () => 1]) expect(() => canonicalJson(value)).toThrow(TypeError)
})
