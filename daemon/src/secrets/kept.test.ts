import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { KeptSecrets } from './kept.ts'

let state = ''
beforeEach(() => { state = mkdtempSync(join(tmpdir(), 'nexus-kept-')) })
afterEach(() => rmSync(state, { recursive: true, force: true }))

test('what is set is there for the next daemon, in one file for this user alone; what is removed is not', () => {
  const kept = new KeptSecrets(state, () => 7)
  expect(kept.list()).toEqual([])
  kept.set('B_KEY', 'second-value')
  kept.set('A_KEY', 'first-value')
  kept.set('A_KEY', 'newer-value')
  const next = new KeptSecrets(state, () => 8)
  expect(next.list()).toEqual([{ name: 'A_KEY', setAt: 7 }, { name: 'B_KEY', setAt: 7 }])
  expect([next.value('A_KEY'), next.known().length]).toEqual(['newer-value', 2])
  expect([readdirSync(state), statSync(join(state, 'secrets.json')).mode & 0o777]).toEqual([['secrets.json'], 0o600])
  next.remove('A_KEY')
  expect(readFileSync(join(state, 'secrets.json'), 'utf8')).toBe('{"B_KEY":{"value":"second-value","setAt":7}}')
  for (const act of [() => next.value('A_KEY'), () => next.remove('A_KEY'), () => next.value('constructor')]) expect(act).toThrow(expect.objectContaining({ code: 'no-secret' }))
})

test('a file that says something else is a problem, and is not written over', () => {
  const path = join(state, 'secrets.json')
  writeFileSync(path, '{"A_KEY": "bare"}')
  const kept = new KeptSecrets(state, () => 7)
  for (const act of [() => kept.list(), () => kept.set('B_KEY', 'value')]) expect(act).toThrow(expect.objectContaining({ code: 'io' }))
  expect(readFileSync(path, 'utf8')).toBe('{"A_KEY": "bare"}')
})
