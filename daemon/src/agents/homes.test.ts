import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { furnishHome, homeOf } from './homes.ts'

const agent = { name: 'one', home: { '.one.json': 'first\n', '.one/deep/settings.json': 'second\n' } }
let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-agents-')) })
afterEach(() => rmSync(folder, { recursive: true }))

test('what an agent finds at its first start is there, closed to others, and never written again', () => {
  const home = furnishHome(folder, agent)
  expect(home).toBe(homeOf(folder, 'one'))
  expect([readFileSync(join(home, '.one.json'), 'utf8'), readFileSync(join(home, '.one/deep/settings.json'), 'utf8')]).toEqual(['first\n', 'second\n'])
  expect([statSync(join(home, '.one')).mode & 0o777, statSync(join(home, '.one.json')).mode & 0o777]).toEqual([0o700, 0o600])
  writeFileSync(join(home, '.one.json'), 'its own\n')
  rmSync(join(home, '.one'), { recursive: true })
  furnishHome(folder, agent)
  expect([readFileSync(join(home, '.one.json'), 'utf8'), readFileSync(join(home, '.one/deep/settings.json'), 'utf8')]).toEqual(['its own\n', 'second\n'])
})

test('links that a run left in that home lead nowhere', () => {
  const home = homeOf(folder, 'one')
  const host = join(folder, 'host')
  for (const path of [home, host]) mkdirSync(path, { recursive: true })
  symlinkSync(host, join(home, '.one'))
  symlinkSync(join(host, 'file'), join(home, '.one.json'))
  furnishHome(folder, agent)
  rmSync(join(home, '.one'))
  mkdirSync(join(home, '.one'))
  symlinkSync(host, join(home, '.one/deep'))
  furnishHome(folder, agent)
  expect(readdirSync(host)).toEqual([])
})
