import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Blobs } from '../state/blobs.ts'
import type { Piece } from './frames.ts'
import { readOutput, Recorder } from './output.ts'

let folder: string
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'nexus-output-')) })
afterEach(() => rmSync(folder, { recursive: true }))

const MIB = 1024 * 1024

async function collect(pieces: AsyncIterable<Piece>) {
  const seen = []
  for await (const piece of pieces) seen.push(piece.type === 'gap' ? ['gap', piece.bytes, piece.at] : [piece.stream, Buffer.from(piece.base64, 'base64').toString(), piece.at])
  return seen
}

/** All bytes in order; a gap is so many dots. */
async function whole(pieces: AsyncIterable<Piece>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const piece of pieces) parts.push(piece.type === 'gap' ? Buffer.alloc(piece.bytes, '.') : Buffer.from(piece.base64, 'base64'))
  return Buffer.concat(parts)
}

/** Chunk number `n`: every one is different. */
function chunk(n: number, bytes = 64 * 1024): Buffer {
  return Buffer.alloc(bytes, `chunk ${n} `)
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
  expect((await whole(readOutput(join(folder, 'out'), 0, undefined))).equals(all)).toBe(true)
})

test('output below the limit is whole, in chunks of any size', () => {
  const recorder = new Recorder(join(folder, 'out'))
  recorder.write('stdout', Buffer.alloc(600_000, 1))
  recorder.write('stdout', Buffer.alloc(400_000, 2))
  for (let n = 0; n < 5000; n += 1) recorder.write('stderr', Buffer.from([n % 256]))
  recorder.end()
  expect([recorder.stdout.omitted, recorder.stdout.bytes.length]).toEqual([0, 1_000_000])
  expect(recorder.stderr.bytes.equals(Buffer.from(Array.from({ length: 5000 }, (_, n) => n % 256)))).toBe(true)
})

test('at the limit the whole is stored; one byte of a chunk more than it is kept costs the middle, told exactly', async () => {
  const blobs = new Blobs(join(folder, 'blobs'))
  for (const [name, chunks] of [['whole', 64], ['cut', 200]] as const) {
    const recorder = new Recorder(join(folder, name), 4 * MIB)
    for (let n = 0; n < chunks; n += 1) recorder.write(n % 3 === 0 ? 'stderr' : 'stdout', chunk(n))
    const all = Buffer.concat(Array.from({ length: chunks }, (_, n) => chunk(n)))
    const missing = recorder.leftOut
    using blob = await recorder.store(blobs)
    expect(missing).toBe(name === 'whole' ? 0 : 200 * 64 * 1024 - 2 * MIB - 2 * MIB + (2 * MIB - (200 * 64 * 1024 - 2 * MIB) % MIB - MIB))
    const head = name === 'whole' ? all.length : 2 * MIB
    const expected = Buffer.concat([all.subarray(0, head), Buffer.alloc(missing, '.'), all.subarray(head + missing)])
    expect((await whole(readOutput(blobs.pathOf(blob.digest), 0, undefined))).equals(expected)).toBe(true)
    expect(statSync(blobs.pathOf(blob.digest)).size).toBeLessThan(4.5 * MIB)
    // In the middle of the gap: what is left of it, then the rest.
    if (missing > 0) expect((await whole(readOutput(blobs.pathOf(blob.digest), head + 10, undefined))).equals(expected.subarray(head + 10))).toBe(true)
    recorder.forget()
    expect(readdirSync(folder)).toEqual(['blobs'])
  }
})

test('whatever is printed, the disk holds the limit and a little', () => {
  const recorder = new Recorder(join(folder, 'out'), 4 * MIB)
  for (let n = 0; n < 500; n += 1) {
    recorder.write('stdout', chunk(n))
    const used = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0)
    expect(used).toBeLessThan(4.5 * MIB)
  }
  recorder.forget()
  expect(readdirSync(folder)).toEqual([])
})

test('a follower that sets the pace holds the command back and loses nothing; one that does not is told what it missed', async () => {
  const recorder = new Recorder(join(folder, 'out'), 4 * MIB)
  const held: boolean[] = []
  recorder.onHold((isHeld) => { held.push(isHeld) })
  const paced = recorder.follow(0, undefined, true)
  const loose = recorder.follow(0, undefined)
  recorder.write('stdout', chunk(0))
  const first = [await paced.next(), await loose.next()]
  expect(first.map(({ value }) => (value as Piece).at)).toEqual([64 * 1024, 64 * 1024])
  for (let n = 1; n < 320; n += 1) recorder.write('stdout', chunk(n))
  recorder.end()
  // 20 MiB are there and nobody has read: the command would wait; nothing that the slow one needs has gone.
  expect(held.at(-1)).toBe(true)
  const rest = await whole(paced)
  expect(rest.length + 64 * 1024).toBe(320 * 64 * 1024)
  expect(held).toEqual([true, false])
  const missed = await collect(loose)
  expect(missed.filter(([type]) => type === 'gap')).toHaveLength(missed.some(([type]) => type === 'gap') ? 1 : 0)
})

test('a follower that is behind when all is stored and removed goes on in what was stored', async () => {
  const blobs = new Blobs(join(folder, 'blobs'))
  const recorder = new Recorder(join(folder, 'out'), 4 * MIB)
  for (let n = 0; n < 100; n += 1) recorder.write('stdout', chunk(n))
  const follower = recorder.follow(0, undefined)
  const first = await follower.next()
  using _blob = await recorder.store(blobs)
  recorder.forget()
  const rest = await whole(follower)
  expect((first.value as Piece).at + rest.length).toBe(100 * 64 * 1024)
  expect(rest.subarray(-64 * 1024).equals(chunk(99))).toBe(true)
  expect(existsSync(join(folder, 'out'))).toBe(false)
})

test('a follower of a run whose output could not be stored ends', async () => {
  const recorder = new Recorder(join(folder, 'out'), 4 * MIB)
  for (let n = 0; n < 100; n += 1) recorder.write('stdout', chunk(n))
  const follower = recorder.follow(3 * MIB, undefined)
  recorder.forget()
  expect(await collect(follower)).toEqual([])
})
