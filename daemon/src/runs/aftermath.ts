/**
 * What became of an apply or rollback that did not come to its end: the journal knows, and the run's record follows it.
 * At the start of the daemon, and again whenever the record could not be written (a full disk) or neither way was open
 * (somebody's edit, an I/O error): such a run stays `applying` or `rolling-back`, and every later command tries again.
 */
import type { Log } from '../base/log.ts'
import type { Changes, Recovered } from '../changes/changes.ts'
import { appliedEnd, rolledBackEnd } from './ends.ts'
import type { Ledger, MoveOf, RunRow } from './ledger.ts'
import { distinct } from './undertaking.ts'

const ACTOR = 'daemon'

export class Aftermath {
  readonly #ledger: Ledger
  readonly #changes: Pick<Changes, 'recover' | 'noted'>
  readonly #log: Pick<Log, 'warn' | 'error'>
  #trying: Promise<Recovered[]> | undefined

  constructor(ledger: Ledger, changes: Pick<Changes, 'recover' | 'noted'>, log: Pick<Log, 'warn' | 'error'>) {
    this.#ledger = ledger
    this.#changes = changes
    this.#log = log
  }

  /** Before the daemon listens: whatever its predecessor was doing. */
  async begin(): Promise<void> {
    for (const { id } of this.#ledger.inStatus('applying', 'rolling-back')) this.#ledger.strand(id)
    await this.#follow()
  }

  /** This run's work failed half-way. Tells what its journal came to, if it has one; the row says what the record is. */
  async settle(id: string): Promise<Recovered | undefined> {
    this.#ledger.strand(id)
    // One that is under way may have begun before this run was stranded.
    await this.#trying
    return (await this.#attempt()).findLast((journal) => journal.run === id)
  }

  /** Tries again, when there is something left. Never rejects: who asks wants an answer, not this. */
  async catchUp(): Promise<void> {
    if (this.#ledger.stranded().length > 0) await this.#attempt()
  }

  async #attempt(): Promise<Recovered[]> {
    this.#trying ??= this.#follow().finally(() => { this.#trying = undefined })
    return await this.#trying
  }

  async #follow(): Promise<Recovered[]> {
    try {
      const recovered = await this.#changes.recover(new Set(this.#ledger.stranded()))
      for (const { run, ended, direction, conflicts } of recovered) this.#log.warn({ run, ended, direction, conflicts }, 'an interrupted journal')
      const news = recovered.filter((journal) => isNews(this.#ledger, journal))
      for (const id of this.#ledger.stranded()) {
        record(this.#ledger, this.#ledger.row(id), news.findLast(({ run }) => run === id))
        this.#changes.noted(id)
      }
      return news
    } catch (error) {
      this.#log.error({ err: error }, 'the record of an interrupted apply or rollback could not be brought up to date')
      return []
    }
  }
}

/** The journal of an earlier apply or rollback may be told once more: its result the record has already. */
function isNews(ledger: Ledger, { run, direction, paths }: Recovered): boolean {
  const { status } = ledger.row(run)
  if (direction !== (status === 'applying' ? 'apply' : 'rollback')) return false
  const { appliedPaths } = ledger.details(run)
  return direction === 'rollback' || distinct([...appliedPaths, ...paths]).length > appliedPaths.length
}

/**
 * Without a journal nothing had been written, or everything including the journal's end had: then the row is behind,
 * and `changes.recover` reports such a finished journal too.
 */
function record(ledger: Ledger, row: RunRow, journal: Recovered | undefined): void {
  // It goes with the run that it was applied with.
  if (row.appliedWith !== null) return
  const details = ledger.details(row.id)
  const isApply = row.status === 'applying'
  const conflicts = [...(journal?.conflicts ?? [])]
  if (journal?.ended === 'stuck') {
    if (JSON.stringify(conflicts) === JSON.stringify(details.conflicts)) return
    return ledger.note(row.id, 'run.stuck', ACTOR, { next: `nexus show ${row.id}` }, { conflicts: conflicts.map(({ path, reason }) => ({ path, reason })) }, { conflicts })
  }
  const ending = { event: 'run.recovered', actor: ACTOR, action: 'recovered', payload: { journal: journal?.ended ?? 'none' } }
  if (journal?.ended === 'finished') return ledger.moveAll(isApply ? appliedEnd(ledger, row.id, { ...ending, applied: journal.paths }) : rolledBackEnd(ledger, row.id, ending))
  const together = [row, ...ledger.appliedWith(row.id)]
  ledger.moveAll(together.map((of): MoveOf => {
    const to = !isApply || ledger.details(of.id).appliedPaths.length > 0 ? ('applied' as const) : ('kept' as const)
    return {
      run: of.id, to, ...ending, durable: true, fields: { next: to === 'kept' ? `nexus apply ${of.id}` : `nexus rollback ${row.id}`, applying: null, ...(to === 'kept' ? { appliedWith: null } : {}) },
      ...(of === row ? { details: { conflicts } } : {}),
    }
  }))
}
