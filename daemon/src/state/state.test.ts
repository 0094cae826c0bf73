import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { GENESIS, linkHash, payloadHash } from './chain.ts'
import { events, payloads } from './events.sql.ts'
import { State } from './state.ts'

const migrations = join(dirname(fileURLToPath(import.meta.url)), '../../../migrations')
let folder: string
let state: State
const clock = { now: () => 1_700_000_000_000 }

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'nexus-state-'))
  state = new State({ folder, migrations, clock })
})
afterEach(() => {
  state[Symbol.dispose]()
  rmSync(folder, { recursive: true })
})

const happened = (subject: string, payload: unknown = { n: 1 }) => ({ type: 'thing.happened', actor: 'test', subject, payload })

test('the chain is recomputable from the rows alone, as the frozen format says', () => {
  for (const subject of ['a', 'b', 'ü']) state.record(happened(subject, { text: 'ü', n: 2.5, list: [null, true] }))
  let prev: Buffer = GENESIS
  for (const row of state.db.select().from(events).all()) {
    const body = state.db.select().from(payloads).all().find(({ seq }) => seq === row.seq)!
    expect(row.prev).toEqual(prev)
    expect(row.payloadHash).toBe(payloadHash(body.salt, body.payload))
    expect(row.hash).toEqual(linkHash(prev, row))
    prev = row.hash
  }
})

test('the chain format is frozen: a fixed link has a fixed hash (computed with Python)', () => {
  const link = { seq: 1, at: 1_700_000_000_000, type: 'run.queued', actor: 'person:socket', subject: 'raaaaaaaaaaaa', payloadHash: payloadHash(Buffer.alloc(16), { command: ['true'] }) }
  expect(link.payloadHash).toBe('e6d8763b022e967320d69be9e9d39bdbac2f2b5799191fc3a6384e90204980da')
  expect(linkHash(GENESIS, link).toString('hex')).toBe('95b3df0320b7571826585d69d74361d590cc3eb4004412cd158f980b18b28d8c')
})

test('a change that fails leaves neither event nor row, and the chain goes on', () => {
  state.record(happened('a'))
  expect(() => state.record(happened('b'), () => { throw new Error('no') })).toThrow('no')
  state.record(happened('c'))
  expect(state.after(0, 10).map(({ seq, subject }) => [seq, subject])).toEqual([[1, 'a'], [2, 'c']])
})

test('the log refuses to be rewritten', () => {
  state.record(happened('a'))
  expect(() => state.db.$client.exec("update events set type = 'x'")).toThrow('append-only')
  expect(() => state.db.$client.exec('delete from events')).toThrow('append-only')
  expect(() => state.db.$client.exec("update payloads set payload = '1'")).toThrow('never change')
})

test('a deleted payload leaves the event and its hash', () => {
  state.record(happened('a'))
  state.db.$client.exec('delete from payloads')
  expect(state.after(0, 1)[0]).not.toHaveProperty('payload')
})

test('a follower sees the backlog, then live events, once and in order', async () => {
  for (let n = 0; n < 600; n += 1) state.record(happened(`old ${n}`))
  const stop = new AbortController()
  const seen: number[] = []
  const following = (async () => {
    for await (const event of state.follow(0, stop.signal)) {
      seen.push(event.seq)
      if (seen.length === 700) stop.abort()
    }
  })()
  for (let n = 0; n < 100; n += 1) {
    state.record(happened(`new ${n}`))
    if (n % 10 === 0) await new Promise(setImmediate)
  }
  await following
  expect(seen).toEqual(Array.from({ length: 700 }, (_, n) => n + 1))
})

test('a screen gets the same in batches: far back from the log, then what is new at once', async () => {
  for (let n = 0; n < 1800; n += 1) state.record(happened(`old ${n}`))
  const stop = new AbortController()
  const batches: (readonly { seq: number }[])[] = []
  const following = (async () => {
    for await (const batch of state.batches(0, stop.signal)) {
      batches.push(batch)
      if (batch.at(-1)?.seq === 2000) stop.abort()
    }
  })()
  for (let n = 0; n < 200; n += 1) {
    state.record(happened(`new ${n}`))
    if (n % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  }
  await following
  expect(batches.flat().map(({ seq }) => seq)).toEqual(Array.from({ length: 2000 }, (_, n) => n + 1))
  expect(batches.length).toBeLessThan(100)
  expect(batches.every((batch) => batch.length > 0)).toBe(true)
})

test('what is in memory is what is in the log', async () => {
  for (let n = 0; n < 3; n += 1) state.record(happened(`event ${n}`))
  const stop = new AbortController()
  for await (const batch of state.batches(0, stop.signal)) {
    expect(batch).toEqual(state.after(0, 10))
    stop.abort()
  }
})

test('a second daemon on the same folder is refused, and takes no ballast from the first', () => {
  rmSync(join(folder, 'ballast'))
  expect(() => new State({ folder, migrations, clock })).toThrow(expect.objectContaining({ code: 'already-running' }))
  expect(existsSync(join(folder, 'ballast'))).toBe(false)
})

test('a database of a newer version is refused and left alone', () => {
  state.db.$client.exec("insert into __drizzle_migrations (hash, created_at) values ('later', 99999999999999)")
  state[Symbol.dispose]()
  const before = readFileSync(join(folder, 'nexus.db'))
  expect(() => new State({ folder, migrations, clock })).toThrow(expect.objectContaining({ code: 'database-newer' }))
  expect(readFileSync(join(folder, 'nexus.db'))).toEqual(before)
})

test('the log goes on after a restart', () => {
  state.record(happened('a'))
  state[Symbol.dispose]()
  state = new State({ folder, migrations, clock })
  state.record(happened('b'))
  expect(state.head()).toBe(2)
})
