/**
 * The crash table: what is true when everything stops at a given moment of an apply or a rollback. Data: the page
 * docs/crash-table.md is written from it (page.ts) and the fault tests are generated from it, so they cannot drift.
 */
import type { Moment } from './faults.ts'

/** What the journal's file says at that moment. `none`: there is no whole plan yet. */
export type JournalState = 'none' | 'planned' | 'staged' | 'done'

export interface KillPoint {
  readonly id: string
  readonly journal: JournalState
  /** What the daemon was about to do. */
  readonly doing: string
  readonly finds: string
  readonly does: string
  /** The host after recovery, for the set as a whole. */
  readonly host: 'old' | 'new'
  readonly sees: string
}

/** In the order of an apply, of a partial apply and of a rollback, which are the same engine. */
export const KILL_POINTS = [
  { id: 'approving', journal: 'none', doing: 'writing the approval and the status `applying` to the database', finds: 'no journal; the run as before, or `applying`', does: 'puts the status back', host: 'old', sees: '`kept` (a rollback: `applied`); decide again' },
  { id: 'planning', journal: 'none', doing: 'writing the plan', finds: 'no journal, or one without its last line', does: 'ignores it, puts the status back', host: 'old', sees: '`kept` (`applied`)' },
  { id: 'planned', journal: 'planned', doing: 'flushing the plan', finds: 'a plan, nothing done', does: 'marks it `undone`', host: 'old', sees: '`kept` (`applied`)' },
  { id: 'backing up', journal: 'planned', doing: 'keeping the pre-images', finds: 'a plan and some pre-images', does: 'drops them, marks it `undone`', host: 'old', sees: '`kept` (`applied`)' },
  { id: 'staging', journal: 'planned', doing: 'writing the new files into `.nexus-stage-RUN`, flushing them and the pre-images', finds: 'a plan and a staging folder', does: 'drops both, gives the project folder its time back, marks it `undone`', host: 'old', sees: '`kept` (`applied`)' },
  { id: 'marking staged', journal: 'planned', doing: 'writing the mark `staged`', finds: 'as before, perhaps with half a line', does: 'as before: half a line is no mark', host: 'old', sees: '`kept` (`applied`)' },
  { id: 'staged', journal: 'staged', doing: 'flushing that mark', finds: 'everything staged, the host still old', does: 'takes every step', host: 'new', sees: '`applied` (`rolled-back`)' },
  { id: 'changing', journal: 'staged', doing: 'renaming, removing, setting modes and times', finds: 'each path old or new, never half', does: 'judges each path by its content and takes the steps that are left; a path that somebody changed before its turn is left alone and the rest goes back, one changed after its turn counts as edited', host: 'new', sees: '`applied` (`rolled-back`)' },
  { id: 'unstaging', journal: 'staged', doing: 'removing the staging folder', finds: 'every path new', does: 'the rest: folder times, flush, mark', host: 'new', sees: '`applied` (`rolled-back`)' },
  { id: 'flushing', journal: 'staged', doing: 'flushing the folders', finds: 'every path new', does: 'flushes again, marks it `done`', host: 'new', sees: '`applied` (`rolled-back`)' },
  { id: 'marking done', journal: 'staged', doing: 'writing the mark `done`', finds: 'every path new', does: 'flushes again, marks it `done`', host: 'new', sees: '`applied` (`rolled-back`)' },
  { id: 'done', journal: 'done', doing: 'flushing that mark; a rollback drops its pre-images', finds: 'a finished journal that the record has not heard of', does: 'moves the record on', host: 'new', sees: '`applied` (`rolled-back`)' },
  { id: 'recording', journal: 'done', doing: 'writing the result to the database', finds: 'the same, or the whole result', does: 'moves the record on if it is behind', host: 'new', sees: '`applied` (`rolled-back`)' },
] as const satisfies readonly KillPoint[]

export type KillPointId = (typeof KILL_POINTS)[number]['id']

/**
 * The row of each moment of one apply or rollback, in order. Throws for a moment that no row tells of: then the
 * product does something that the table does not know.
 */
export function rowsOf(trace: readonly Moment[], { run, state, project }: { run: string; state: string; project: string }): KillPointId[] {
  const stage = `${project}/.nexus-stage-${run}`
  const plan = trace.find(({ call, path }) => call === 'create' && path.startsWith(`${state}/applies/`))
  let journal: JournalState = 'none'
  let isOpen = false
  let last: KillPointId = 'approving'
  return trace.map((moment): KillPointId => {
    const { call, path, other, result } = moment
    const row = ((): KillPointId | undefined => {
      // A daemon that has just started still looks what this machine can isolate.
      if (path.startsWith(`${state}/layers`)) return last
      // Let go when the disk is full, taken on board again later.
      if (path.startsWith(`${state}/ballast`)) return last
      if (path.startsWith(`${state}/nexus.db`)) return journal === 'none' ? 'approving' : journal === 'done' ? 'recording' : undefined
      if (path === plan?.path) {
        if (call === 'create') return 'planning'
        if (call === 'fsync') return journal === 'planned' ? 'planned' : journal === 'staged' ? 'staged' : 'done'
        return journal === 'none' ? 'planning' : journal === 'planned' ? 'marking staged' : journal === 'staged' ? 'marking done' : 'recording'
      }
      // The last mark of an earlier journal, which nobody waits for.
      if (path.endsWith('.journal')) return isOpen ? undefined : 'approving'
      if (path === state) return last
      if (path === `${state}/applies`) return journal === 'none' ? 'planning' : journal === 'planned' ? 'planned' : undefined
      if (path.startsWith(`${state}/backups`)) {
        if (journal === 'planned') return other.startsWith(stage) ? 'staging' : 'backing up'
        return journal === 'done' ? 'done' : undefined
      }
      const isStage = path === stage || path.startsWith(`${stage}/`)
      if (journal === 'planned') return isStage ? 'staging' : call === 'link' && other.startsWith(`${state}/backups`) ? 'backing up' : undefined
      if (journal !== 'staged') return undefined
      if (call === 'fsync' || call === 'syncfs') return 'flushing'
      return isStage && call !== 'rename' ? 'unstaging' : path === project ? 'flushing' : 'changing'
    })()
    if (row === undefined) throw new Error(`no row of the crash table tells of ${call} ${path} ${other} while the journal is ${journal}`)
    if (call === 'create' && moment === plan) isOpen = true
    if (path === plan?.path && call === 'write' && result > 0 && result === moment.b) journal = journal === 'none' ? 'planned' : journal === 'planned' ? 'staged' : 'done'
    last = row
    return row
  })
}
