/** Finds the run that a person means: an id, an unambiguous prefix of at least 4 characters, or `last`. */
import { and, desc, eq, isNull, like } from 'drizzle-orm'
import { ID_PREFIX_MIN, isId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import type { State } from '../state/state.ts'
import { runs } from './runs.sql.ts'

/** `project` is only asked for `last`. Throws Problem: no-run, no-last-run, short-run, ambiguous-run. */
export function findRun(state: State, name: string, project: () => string): string {
  if (name === 'last') return newestOf(state, project())
  if (isId('run', name)) {
    const row = state.db.select({ id: runs.id }).from(runs).where(eq(runs.id, name)).get()
    if (row) return row.id
  }
  // Only the id alphabet reaches LIKE: nothing in it is a wildcard.
  if (!/^r[a-z2-7]*$/.test(name)) throw new Problem('no-run', { run: name })
  if (name.length < ID_PREFIX_MIN) throw new Problem('short-run', { run: name })
  const matches = state.db.select({ id: runs.id }).from(runs).where(like(runs.id, `${name}%`)).limit(6).all()
  const [only, second] = matches
  if (!only) throw new Problem('no-run', { run: name })
  if (second) throw new Problem('ambiguous-run', { run: name, matches: matches.map(({ id }) => id).join(', ') })
  return only.id
}

function newestOf(state: State, project: string): string {
  const row = state.db.select({ id: runs.id }).from(runs).where(and(eq(runs.project, project), isNull(runs.verification))).orderBy(desc(runs.number)).limit(1).get()
  if (!row) throw new Problem('no-last-run', { project })
  return row.id
}
