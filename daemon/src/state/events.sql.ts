/** The log (append-only: triggers in the migrations refuse update and delete) and its deletable payloads. */
import { blob, integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const events = sqliteTable('events', {
  seq: integer().primaryKey(),
  at: integer().notNull(),
  type: text().notNull(),
  actor: text().notNull(),
  subject: text().notNull(),
  payloadHash: text('payload_hash').notNull(),
  prev: blob({ mode: 'buffer' }).notNull(),
  hash: blob({ mode: 'buffer' }).notNull(),
})

export const payloads = sqliteTable('payloads', {
  seq: integer().primaryKey().references(() => events.seq),
  salt: blob({ mode: 'buffer' }).notNull(),
  payload: text({ mode: 'json' }).notNull(),
})
