/** Opens the database and brings it to this version's tables. The only importer of better-sqlite3. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { drizzle, type BetterSQLite3Database } from 'drizzle-orm/better-sqlite3'
import { migrate } from 'drizzle-orm/better-sqlite3/migrator'
import { Problem } from '@nexus/protocol/problem'

export type Database = BetterSQLite3Database & { readonly $client: Sqlite.Database }

/** Throws Problem `database-newer` when a later version has already migrated the file. */
export function openDatabase(path: string, migrationsFolder: string): Database {
  const client = new Sqlite(path)
  try {
    client.pragma('journal_mode = WAL')
    client.pragma('synchronous = NORMAL')
    client.pragma('foreign_keys = ON')
    client.pragma('busy_timeout = 5000')
    refuseNewer(client, path, migrationsFolder)
    const database = drizzle({ client })
    migrate(database, { migrationsFolder })
    return database
  } catch (error) {
    client.close()
    throw error
  }
}

function refuseNewer(client: Sqlite.Database, path: string, migrationsFolder: string): void {
  const known = client.prepare("select 1 from sqlite_master where name = '__drizzle_migrations'").get()
  if (!known) return
  const journal = JSON.parse(readFileSync(join(migrationsFolder, 'meta/_journal.json'), 'utf8')) as { entries: { when: number }[] }
  const newest = Math.max(0, ...journal.entries.map((entry) => entry.when))
  const row = client.prepare('select max(created_at) as at from __drizzle_migrations').get() as { at: number | null }
  if (Number(row.at ?? 0) > newest) throw new Problem('database-newer', { path })
}

/** One daemon per state folder: an exclusive transaction on a file of its own, freed by the kernel when the process ends. */
export function lockState(path: string, state: string): Disposable {
  const client = new Sqlite(path, { timeout: 0 })
  try {
    client.exec('BEGIN EXCLUSIVE')
  } catch (cause) {
    client.close()
    if ((cause as { code?: string }).code !== 'SQLITE_BUSY') throw cause
    throw new Problem('already-running', { state }, { cause })
  }
  return { [Symbol.dispose]: () => client.close() }
}

/** A failed write as a problem that a person can mend; anything else (a full disk has a name already) as it is. */
export function nameWriteFailure(error: unknown, folder: string): unknown {
  if (!(error instanceof Sqlite.SqliteError) || !/^SQLITE_(IOERR|READONLY|CANTOPEN)/.test(error.code)) return error
  return new Problem('io', { what: `nothing can be recorded in ${folder}`, cause: error.message, fix: 'mend the cause, then run the command again' }, { cause: error })
}
