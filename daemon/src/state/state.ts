/**
 * State: the database, the event log and the blob store.
 * Always true here: a change and its event are one synchronous transaction; what is not in the log did not happen;
 * the log is only appended to, each entry hashed onto the one before.
 */
import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { asc, desc, eq, gt } from 'drizzle-orm'
import type { Event, EventsService } from '@nexus/protocol/events'
import { Bell, untilRung } from '../base/bell.ts'
import type { Clock } from '../base/clock.ts'
import { Ballast } from './ballast.ts'
import { Blobs } from './blobs.ts'
import { GENESIS, linkHash, payloadHash } from './chain.ts'
import { lockState, nameWriteFailure, openDatabase, type Database } from './database.ts'
import { events, payloads } from './events.sql.ts'

/** Noun + past verb; the payload is the fact itself, JSON only, never output bytes. */
export interface NewEvent {
  readonly type: string
  readonly actor: string
  readonly subject: string
  readonly payload: unknown
}

type Added = Omit<Event, 'hash'> & { readonly hash: Buffer }

/** Events kept in memory, and read at once by who comes later. */
const RECENT = 500
/** A screen shows no more than this anyway. */
const BATCH_MS = 10

export class State implements EventsService, Disposable {
  readonly db: Database
  readonly blobs: Blobs
  readonly ballast: Ballast
  readonly folder: string
  readonly #clock: Clock
  readonly #lock: Disposable
  readonly #bell = new Bell()
  #head: { seq: number; hash: Buffer }
  /** The newest events as every follower wants them, oldest first: the log is read once for all of them. */
  readonly #recent: Event[] = []
  #closed = false

  /** Throws Problem: already-running, database-newer. */
  constructor(options: { folder: string; migrations: string; clock: Clock }) {
    this.folder = options.folder
    this.#clock = options.clock
    mkdirSync(this.folder, { recursive: true, mode: 0o700 })
    chmodSync(this.folder, 0o700)
    this.ballast = new Ballast(this.folder)
    this.#lock = this.ballast.relieved(() => lockState(join(this.folder, 'lock.db'), this.folder))
    try {
      this.ballast.takeOnBoard()
      this.db = this.ballast.relieved(() => openDatabase(join(this.folder, 'nexus.db'), options.migrations))
    } catch (error) {
      this.#lock[Symbol.dispose]()
      throw error
    }
    this.blobs = new Blobs(join(this.folder, 'blobs'))
    const last = this.db.select({ seq: events.seq, hash: events.hash }).from(events).orderBy(desc(events.seq)).limit(1).get()
    this.#head = last ?? { seq: 0, hash: GENESIS }
  }

  /**
   * Appends the event and makes the change in one transaction. `durable` waits for the disk (approvals, applies):
   * without it a power failure, though not a crash of the process, may lose the newest entries.
   */
  record(event: NewEvent, change?: (db: Database) => void, options: { durable?: boolean } = {}): void {
    this.recordAll([event], change, options)
  }

  /** The same for several events that are one change: all of them, or none. */
  recordAll(all: readonly NewEvent[], change?: (db: Database) => void, options: { durable?: boolean } = {}): void {
    const hadRoom = !this.ballast.isReleased
    if (options.durable) this.db.$client.pragma('synchronous = FULL')
    try {
      // Nothing reads the head before commit: a transaction that fails leaves it untouched.
      const added = this.ballast.relieved(() => this.db.$client.transaction(() => {
        change?.(this.db)
        return this.#append(all)
      }).immediate())
      this.#head = added.at(-1) ?? this.#head
      this.#recent.push(...added.map(({ hash, ...next }) => ({ ...next, hash: hash.toString('hex') })))
      if (this.#recent.length >= 2 * RECENT) this.#recent.splice(0, RECENT)
    } catch (error) {
      throw nameWriteFailure(error, this.folder)
    } finally {
      if (options.durable) this.db.$client.pragma('synchronous = NORMAL')
    }
    this.#bell.ring()
    if (hadRoom && this.ballast.isReleased) this.record({ type: 'disk.filled', actor: 'daemon', subject: 'disk', payload: { folder: this.folder } })
  }

  after(seq: number, limit: number): Event[] {
    const rows = this.db.select().from(events).leftJoin(payloads, eq(payloads.seq, events.seq)).where(gt(events.seq, seq)).orderBy(asc(events.seq)).limit(limit).all()
    return rows.map(({ events: row, payloads: body }) => ({
      seq: row.seq, at: row.at, type: row.type, actor: row.actor, subject: row.subject,
      payloadHash: row.payloadHash, hash: row.hash.toString('hex'), ...(body ? { payload: body.payload } : {}),
    }))
  }

  async *follow(seq: number, signal: AbortSignal | undefined): AsyncGenerator<Event> {
    for await (const batch of this.#news(seq, signal)) yield* batch
  }

  async *batches(seq: number, signal: AbortSignal | undefined): AsyncGenerator<readonly Event[]> {
    for await (const batch of this.#news(seq, signal)) {
      yield batch
      // After, not before: the first event of a quiet log waits for nothing.
      await new Promise((resolve) => setTimeout(resolve, BATCH_MS))
    }
  }

  async *#news(seq: number, signal: AbortSignal | undefined): AsyncGenerator<readonly Event[]> {
    for (let seen = seq; !signal?.aborted && !this.#closed; ) {
      const rung = this.#bell.next()
      const batch = this.#since(seen)
      const last = batch.at(-1)
      if (last) {
        yield batch
        seen = last.seq
      } else await untilRung(rung, signal)
    }
  }

  head(): number {
    return this.#head.seq
  }

  #since(seen: number): Event[] {
    if (seen >= this.#head.seq) return []
    const first = this.#recent[0]
    return first && first.seq <= seen + 1 ? this.#recent.slice(seen + 1 - first.seq) : this.after(seen, RECENT)
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#bell.ring()
    this.db.$client.pragma('wal_checkpoint(TRUNCATE)')
    this.db.$client.close()
    this.#lock[Symbol.dispose]()
  }

  #append(all: readonly NewEvent[]): Added[] {
    const added: Added[] = []
    for (const event of all) added.push(this.#link(event, added.at(-1) ?? this.#head))
    return added
  }

  #link(event: NewEvent, before: Pick<Added, 'seq' | 'hash'>): Added {
    const salt = randomBytes(16)
    const link = {
      seq: before.seq + 1, at: this.#clock.now(), type: event.type, actor: event.actor, subject: event.subject,
      payloadHash: payloadHash(salt, event.payload),
    }
    const hash = linkHash(before.hash, link)
    this.db.insert(events).values({ ...link, prev: before.hash, hash }).run()
    this.db.insert(payloads).values({ seq: link.seq, salt, payload: event.payload }).run()
    return { ...link, hash, payload: event.payload }
  }
}
