import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readOutput, Recorder } from './output.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-output-')) })
afterEach(() => rmSync(folder, { recursive: true }))

async function collect(frames: AsyncIterable<{ stream: string; base64: string; at: number }>) {
  const seen = []
  for await (const { stream, base64, at } of frames) seen.push([stream, Buffer.from(base64, 'base64').toString(), at])
  return seen
}

test('a follower gets what was and what comes, in order, until the end', async () => {
  const recorder = new Recorder(join(folder, 'out'))
  recorder.write('stdout', Buffer.from('one'))
  const seen = collect(recorder.follow(0, undefined))
  await new Promise(setImmediate)
  recorder.write('stderr', Buffer.from('two'))
  recorder.write('stdout', Buffer.from('three'))
  recorder.end()
  expect(await seen).toEqual([['stdout', 'one', 3], ['stderr', 'two', 6], ['stdout', 'three', 11]])
})

test('a follower that comes back resumes in the middle of a chunk', async () => {
  const recorder = new Recorder(join(folder, 'out'))
  recorder.write('stdout', Buffer.from('abcdef'))
  recorder.write('stderr', Buffer.from('ghi'))
  recorder.end()
  expect(await collect(recorder.follow(4, undefined))).toEqual([['stdout', 'ef', 6], ['stderr', 'ghi', 9]])
  expect(await collect(readOutput(join(folder, 'out'), 9, undefined))).toEqual([])
})

test('head and tail are kept, the middle is counted, all of it is in the file', async () => {
  const recorder = new Recorder(join(folder, 'out'))
  const half = 512 * 1024
  for (let n = 0; n < 30; n += 1) recorder.write('stdout', Buffer.alloc(100_000, 65 + (n % 26)))
  recorder.end()
  const all = Buffer.concat(Array.from({ length: 30 }, (_, n) => Buffer.alloc(100_000, 65 + (n % 26))))
  expect(recorder.stdout.omitted).toBe(3_000_000 - 2 * half)
  expect(recorder.stdout.bytes.equals(Buffer.concat([all.subarray(0, half), all.subarray(-half)]))).toBe(true)
  const stored = []
  for await (const frame of readOutput(join(folder, 'out'), 0, undefined)) stored.push(Buffer.from(frame.base64, 'base64'))
  expect(Buffer.concat(stored).equals(all)).toBe(true)
})

test('output below the limit is whole', () => {
  const recorder = new Recorder(join(folder, 'out'))
  recorder.write('stdout', Buffer.alloc(600_000, 1))
  recorder.write('stdout', Buffer.alloc(400_000, 2))
  recorder.end()
  expect([recorder.stdout.omitted, recorder.stdout.bytes.length]).toEqual([0, 1_000_000])
})
