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
import { lockState, openDatabase, type Database } from './database.ts'
import { events, payloads } from './events.sql.ts'

/** Noun + past verb; the payload is the fact itself, JSON only, never output bytes. */
export interface NewEvent {
  readonly type: string
  readonly actor: string
  readonly subject: string
  readonly payload: unknown
}

export class State implements EventsService, Disposable {
  readonly db: Database
  readonly blobs: Blobs
  readonly ballast: Ballast
  readonly folder: string
  readonly #clock: Clock
  readonly #lock: Disposable
  readonly #bell = new Bell()
  #head: { seq: number; hash: Buffer }
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
    const hadRoom = !this.ballast.isReleased
    if (options.durable) this.db.$client.pragma('synchronous = FULL')
    try {
      // Nothing reads the head before commit: a transaction that fails leaves it untouched.
      this.#head = this.ballast.relieved(() => this.db.$client.transaction(() => {
        change?.(this.db)
        return this.#append(event)
      }).immediate())
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
    for (let seen = seq; !signal?.aborted && !this.#closed; ) {
      const rung = this.#bell.next()
      const batch = seen < this.#head.seq ? this.after(seen, 500) : []
      for (const event of batch) {
        yield event
        seen = event.seq
      }
      if (batch.length === 0) await untilRung(rung, signal)
    }
  }

  head(): number {
    return this.#head.seq
  }

  [Symbol.dispose](): void {
    if (this.#closed) return
    this.#closed = true
    this.#bell.ring()
    this.db.$client.pragma('wal_checkpoint(TRUNCATE)')
    this.db.$client.close()
    this.#lock[Symbol.dispose]()
  }

  #append(event: NewEvent): { seq: number; hash: Buffer } {
    const salt = randomBytes(16)
    const link = {
      seq: this.#head.seq + 1, at: this.#clock.now(), type: event.type, actor: event.actor, subject: event.subject,
      payloadHash: payloadHash(salt, event.payload),
    }
    const hash = linkHash(this.#head.hash, link)
    this.db.insert(events).values({ ...link, prev: this.#head.hash, hash }).run()
    this.db.insert(payloads).values({ seq: link.seq, salt, payload: event.payload }).run()
    return { seq: link.seq, hash }
  }
}
