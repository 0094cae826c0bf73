/** The second half of the crash table: calls that fail, by kind and by the moment of the first. Data, like table.ts. */
import type { constants } from 'node:os'
import { KINDS, PLACES } from './faults.ts'
import type { KillPointId } from './table.ts'

export interface FaultRow {
  readonly id: string
  readonly what: string
  readonly when: string
  readonly does: string
  /** Once the cause is mended and the next command has come, with the same daemon or with a new one. */
  readonly host: 'old' | 'new'
  readonly sees: string
  readonly error: keyof typeof constants.errno
  /** Bits of KINDS and PLACES: which calls fail. */
  readonly kinds: number
  readonly where: number
  /** Only calls on a path that ends so. */
  readonly ending?: string
  /** `once`: the first such call fails. `lasting`: all of them, until the command has answered. */
  readonly lasts: 'once' | 'lasting'
  /** The rows of the crash table in which the first failure is tried. */
  readonly during: readonly KillPointId[]
  readonly exitCode: number
}

const ANY_KIND = KINDS.space | KINDS.name | KINDS.meta | KINDS.sync
const BOTH = PLACES.project | PLACES.state
const UNTIL_STAGED = ['planned', 'backing up', 'staging'] as const
const FROM_STAGED = ['changing', 'unstaging', 'flushing'] as const

export const FAULTS = [
  { id: 'full at once', what: 'the disk is full', when: 'from the beginning', does: 'nothing: the approval cannot be recorded', host: 'old', sees: '125, the status as before', error: 'ENOSPC', kinds: KINDS.space, where: BOTH, lasts: 'lasting', during: ['approving'], exitCode: 125 },
  { id: 'full while staging', what: 'the disk is full', when: 'from somewhere before `staged`', does: 'takes its staging back; the journal has room for its marks beforehand', host: 'old', sees: '125, the status as before: the ballast is let go so that it can be recorded; where even that is not enough, `applying` until it can', error: 'ENOSPC', kinds: KINDS.space, where: BOTH, lasts: 'lasting', during: UNTIL_STAGED, exitCode: 125 },
  { id: 'full while changing', what: 'the disk is full', when: 'from somewhere after `staged`', does: 'goes on: renaming needs no space', host: 'new', sees: '`applied`, recorded in the room of the ballast; where even that is not enough, 125 and `applying` until it can', error: 'ENOSPC', kinds: KINDS.space, where: BOTH, lasts: 'lasting', during: [...FROM_STAGED, 'marking done'], exitCode: 125 },
  { id: 'error while staging', what: 'one call fails (I/O error)', when: 'before `staged`', does: 'takes its staging back', host: 'old', sees: '125 and the cause, the status as before', error: 'EIO', kinds: ANY_KIND & ~KINDS.meta, where: BOTH, lasts: 'once', during: ['backing up', 'staging'], exitCode: 125 },
  { id: 'error while changing', what: 'one call fails (I/O error)', when: 'after `staged`', does: 'takes the steps that are left again', host: 'new', sees: '0, `applied`', error: 'EIO', kinds: ANY_KIND, where: PLACES.project, lasts: 'once', during: FROM_STAGED, exitCode: 0 },
  { id: 'broken while changing', what: 'the project cannot be written any more (I/O errors)', when: 'from somewhere after `staged`', does: 'tries forwards, then backwards, then leaves all as it is, the journal open; from then on the way is back', host: 'old', sees: '125 and `applying`; every later command tries again', error: 'EIO', kinds: ANY_KIND, where: PLACES.project, lasts: 'lasting', during: FROM_STAGED, exitCode: 125 },
  { id: 'read-only while changing', what: 'the project becomes read-only', when: 'from somewhere after `staged`', does: 'the same', host: 'old', sees: 'the same', error: 'EROFS', kinds: ANY_KIND & ~KINDS.sync, where: PLACES.project, lasts: 'lasting', during: ['changing', 'unstaging'], exitCode: 125 },
  { id: 'forbidden', what: 'the project may not be written (permissions, read-only, immutable)', when: 'before `staged`', does: 'takes its staging back as far as it may; the rest later', host: 'old', sees: '125 and the cause', error: 'EACCES', kinds: ANY_KIND & ~KINDS.sync, where: PLACES.project, lasts: 'lasting', during: ['backing up', 'staging'], exitCode: 125 },
  { id: 'state broken while staging', what: 'the state folder cannot be written any more', when: 'from somewhere before `staged`', does: 'takes its staging back', host: 'old', sees: '125; `applying` until the record can be written', error: 'EIO', kinds: ANY_KIND, where: PLACES.state, lasts: 'lasting', during: UNTIL_STAGED, exitCode: 125 },
  { id: 'state broken while changing', what: 'the state folder cannot be written any more', when: 'from somewhere after `staged`', does: 'carries all of it out; it cannot say so', host: 'new', sees: '125; `applying` until the record can be written', error: 'EIO', kinds: ANY_KIND, where: PLACES.state, lasts: 'lasting', during: [...FROM_STAGED, 'marking done'], exitCode: 125 },
  { id: 'mark not flushed', what: 'a mark cannot be flushed', when: 'after `staged`', does: 'does it again', host: 'new', sees: '0, `applied`', error: 'EIO', kinds: KINDS.sync, where: PLACES.state, ending: '.journal', lasts: 'once', during: ['staged', ...FROM_STAGED, 'done'], exitCode: 0 },
  { id: 'database fails at first', what: 'a write of the database fails', when: 'before the plan', does: 'nothing', host: 'old', sees: '125, the status as before', error: 'EIO', kinds: KINDS.space | KINDS.sync, where: PLACES.state, ending: 'nexus.db-wal', lasts: 'once', during: ['approving'], exitCode: 125 },
  { id: 'database fails at last', what: 'a write of the database fails', when: 'when the result is recorded', does: 'records it from the journal', host: 'new', sees: '0, `applied`', error: 'EIO', kinds: KINDS.space | KINDS.sync, where: PLACES.state, ending: 'nexus.db-wal', lasts: 'once', during: [...FROM_STAGED, 'recording'], exitCode: 0 },
] as const satisfies readonly FaultRow[]

/** What has no place in a matrix of calls: each has a test of its own with the same title. */
export const RACES = [
  { id: 'an edit before its step', what: 'somebody edits a path', when: 'after it was compared, before its turn', does: 'goes back: the guard of the step sees another file', host: 'old, with the edit', sees: '3, the path as a conflict' },
  { id: 'an edit after its step', what: 'somebody edits a path', when: 'while the apply goes on, after its turn', does: 'goes on: it is an edit of the new file', host: 'new, with the edit', sees: '0; a rollback names it as a conflict' },
  { id: 'a folder that becomes a link', what: 'a directory is replaced by a link to elsewhere', when: 'under way', does: 'goes back; a link is never followed', host: 'old, with the link', sees: '3, the path as a conflict' },
  { id: 'a new file in a folder that goes', what: 'somebody makes a file in a directory that the run removed', when: 'under way', does: 'goes back', host: 'old, with the file', sees: '3, the path as a conflict' },
  { id: 'the helper dies', what: 'the native helper is killed (memory runs out)', when: 'at any step', does: 'starts it again and ends the journal', host: 'old before `staged`, then new', sees: '125, then 0' },
  { id: 'two clients, one run', what: 'two applies of one run', when: 'at once', does: 'one after the other; the second finds the first', host: 'new', sees: 'one 0, the other refused (126)' },
  { id: 'two runs, one path', what: 'two applies that change one path', when: 'at once', does: 'one after the other', host: 'one of the two, whole', sees: 'one 0, the other 3' },
] as const
