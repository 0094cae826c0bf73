/**
 * The receipt of a kill. What was written to the host the journals know; where a journal is past its time, or not written
 * yet, the ledger does: a receipt may lack paths, never a write.
 */
import type { EndedRun, Receipt, Written } from '@nexus/protocol/receipt'
import type { Changes } from '../changes/changes.ts'
import type { LaunchEnd } from '../sandbox/launch.ts'
import type { Ledger, RunRow } from './ledger.ts'

export interface Ending {
  readonly id: string
  readonly was: EndedRun['was']
  readonly reach?: EndedRun['reach'] | undefined
  /** Undefined while its processes have not all ended. */
  readonly end: Pick<LaunchEnd, 'stuck'> | undefined
}

export class Receipts {
  readonly #ledger: Ledger
  readonly #changes: Pick<Changes, 'writtenSince'>
  readonly #now: () => number

  constructor(ledger: Ledger, changes: Pick<Changes, 'writtenSince'>, now: () => number) {
    this.#ledger = ledger
    this.#changes = changes
    this.#now = now
  }

  of(endings: readonly Ending[]): Receipt {
    const runs = endings.map((ending) => endedOf(this.#ledger.row(ending.id), ending))
    const began = endings.map(({ id }) => this.#ledger.row(id)).map(({ startedAt, createdAt }) => startedAt ?? createdAt)
    const since = began.length === 0 ? null : Math.min(...began)
    return { endedAt: this.#now(), sinceAt: since, runs, written: since === null ? this.#underWay(new Set()) : this.#writtenSince(since) }
  }

  #writtenSince(since: number): Written[] {
    const journalled = this.#changes.writtenSince(since).map(({ at, end, paths, ...write }): Written => ({ ...write, writtenAt: at, end: end === 'open' ? this.#openEnd(write.run) : end, paths: [...paths] }))
    const known = new Set(journalled.map(({ run }) => run))
    const others = this.#ledger.movedSince(since, 'applied', 'rolled-back').filter(({ id, appliedWith }) => appliedWith === null && !known.has(id))
    const past = others.map((row): Written => ({ run: row.id, project: row.project, direction: row.status === 'applied' ? 'apply' : 'rollback', writtenAt: row.movedAt, end: 'done', paths: row.status === 'applied' ? this.#ledger.details(row.id).appliedPaths : null }))
    const open = new Set(journalled.flatMap(({ run, end }) => (end === 'under-way' || end === 'stuck' ? run : [])))
    return [...journalled, ...past, ...this.#underWay(open)].sort((a, b) => a.writtenAt - b.writtenAt)
  }

  /** Decided, and perhaps about to write: the journal does not say so yet. */
  #underWay(told: ReadonlySet<string>): Written[] {
    return this.#ledger.inStatus('applying', 'rolling-back').filter(({ id, appliedWith }) => appliedWith === null && !told.has(id))
      .map((row): Written => ({ run: row.id, project: row.project, direction: row.status === 'applying' ? 'apply' : 'rollback', writtenAt: row.movedAt, end: this.#openEnd(row.id), paths: null }))
  }

  #openEnd(run: string): 'under-way' | 'stuck' {
    return this.#ledger.stranded().includes(run) ? 'stuck' : 'under-way'
  }
}

function endedOf({ id, project, command, startedAt, request, shellNet }: RunRow, { was, reach, end }: Ending): EndedRun {
  return {
    id, project, command, startedAt, was, reach: shellNet ?? reach ?? request.net ?? 'off',
    ...(end === undefined ? { isEnding: true as const } : {}), ...(end?.stuck && end.stuck.length > 0 ? { stuck: [...end.stuck] } : {}),
  }
}
