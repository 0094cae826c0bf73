import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fromBytes, showBytes, toBytes } from './bytes.ts'

test('every byte string survives the wire', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
    expect(fromBytes(JSON.parse(JSON.stringify(toBytes(bytes))))).toEqual(Buffer.from(bytes))
  }))
})

test('valid UTF-8 is a string, also with a real U+FFFD; anything else is base64', () => {
  expect(toBytes(Buffer.from('naïve \uFFFD 🚀\n'))).toBe('naïve \uFFFD 🚀\n')
  expect(toBytes(Buffer.from([0x66, 0xff]))).toEqual({ base64: 'Zv8=' })
  expect(showBytes({ base64: 'Zv8=' })).toBe('f\uFFFD')
})
