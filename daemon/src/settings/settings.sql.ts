/** Projects whose settings file may loosen what the user has. */
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'

export const trustedProjects = sqliteTable('trusted_projects', {
  project: text().primaryKey(),
  trustedAt: integer('trusted_at').notNull(),
})
