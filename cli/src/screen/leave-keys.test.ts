import { expect, test } from 'vitest'
import { LeaveKeys } from './leave-keys.ts'

const take = (keys: LeaveKeys, text: string) => { const { keys: passed, leaves } = keys.take(Buffer.from(text)); return [passed.toString(), leaves] }

test('Ctrl-] d leaves, also when the keys come one by one; what came before still goes in', () => {
  const keys = new LeaveKeys()
  expect(take(keys, 'ls\r\x1d')).toEqual(['ls\r', false])
  expect(take(keys, 'dxx')).toEqual(['', true])
})

test('Ctrl-] twice is the key itself; before any other key both go in', () => {
  const keys = new LeaveKeys()
  expect(take(keys, 'a\x1d\x1db')).toEqual(['a\x1db', false])
  expect(take(keys, '\x1dx\x1d')).toEqual(['\x1dx', false])
  expect(take(keys, 'd')).toEqual(['', true])
})
