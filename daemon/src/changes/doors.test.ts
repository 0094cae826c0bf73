/** Closed folders of a layer: open while somebody looks, closed afterwards, also after a daemon that died. */
import fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { BytePath } from './byte-path.ts'
import { Doors } from './doors.ts'

/** Root opens no doors: as root somebody else's are looked at. */
const own = process.geteuid?.() === 0 ? 1500 : (process.geteuid?.() ?? 0)
let layer: string
let upper: string
const at = (path: string) => join(upper, path)
const mode = (path: string) => (fs.statSync(at(path)).mode & 0o7777).toString(8)
const seen = (look: (real: string) => { mode: number } | null, path: string) => look(at(path))?.mode.toString(8)

beforeEach(() => {
  layer = fs.mkdtempSync(join(tmpdir(), 'nexus-doors-'))
  upper = join(layer, 'upper')
  fs.mkdirSync(at('shut/in'), { recursive: true })
  fs.mkdirSync(at('open'))
  for (const path of ['shut/in', 'shut', 'open']) if (process.geteuid?.() === 0) fs.chownSync(at(path), own, own)
  fs.chmodSync(at('shut/in'), 0o2111)
  fs.chmodSync(at('shut'), 0o000)
})
afterEach(() => {
  for (const path of ['shut', 'shut/in']) fs.chmodSync(at(path), 0o700)
  fs.rmSync(layer, { recursive: true })
})

function enter(visit: ReturnType<Doors['visit']>, ...paths: string[]): void {
  for (const path of paths) visit.enter({ upper, path: path as BytePath }, at(path))
}

test('two who look at once see the modes that the run left, and the last one closes', () => {
  const doors = new Doors(own)
  const one = doors.visit([upper])
  enter(one, 'shut', 'shut/in', 'open')
  {
    using other = doors.visit([upper])
    enter(other, 'shut', 'shut', 'shut/in')
    expect([mode('shut'), mode('shut/in'), seen((real) => other.look(real), 'shut'), seen((real) => other.look(real), 'shut/in')]).toEqual(['700', '2711', '0', '2111'])
  }
  expect(mode('shut')).toBe('700')
  one[Symbol.dispose]()
  fs.chmodSync(at('shut'), 0o100)
  expect([mode('shut/in'), mode('open'), fs.readdirSync(layer)]).toEqual(['2111', (0o777 & ~process.umask()).toString(8), ['upper']])
})

test('what a daemon that died left open is closed by the next one, also when its last line was cut off', () => {
  enter(new Doors(own).visit([upper]), 'shut', 'shut/in')
  fs.appendFileSync(join(layer, 'doors'), '["open",')
  expect([mode('shut'), mode('shut/in')]).toEqual(['700', '2711'])
  new Doors(own).visit([upper])[Symbol.dispose]()
  expect([mode('shut'), fs.readdirSync(layer)]).toEqual(['0', ['upper']])
  fs.chmodSync(at('shut'), 0o100)
  expect(mode('shut/in')).toBe('2111')
})

test('a layer that was thrown away meanwhile is no trouble; what belongs to others is left alone', () => {
  const doors = new Doors(own)
  const visit = doors.visit([upper])
  enter(visit, 'shut')
  fs.renameSync(upper, join(layer, 'gone'))
  visit[Symbol.dispose]()
  fs.renameSync(join(layer, 'gone'), upper)
  fs.chmodSync(at('shut'), 0o000)
  const stranger = new Doors(own + 1).visit([upper])
  enter(stranger, 'shut')
  expect(mode('shut')).toBe('0')
})
