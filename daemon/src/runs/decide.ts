/** What a person (or a request that policy allows) decides about a sealed change set: apply, roll back, discard. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Conflict } from '@nexus/protocol/changes'
import { newId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import type { ApplyResult } from '@nexus/protocol/runs'
import type { ApplyOrder, Changes, Outcome } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Aftermath } from './aftermath.ts'
import { appliedEnd, appliesAs, rolledBackEnd } from './ends.ts'
import { summaryOf, type Ledger, type MoveOf, type RunRow } from './ledger.ts'
import type { Applying, StoredProposal } from './runs.sql.ts'
import { mergedIn } from './seal.ts'
import { aboveOf, pendingBelow } from './stack.ts'
import { requireMove } from './status.ts'
import { appliableIn, leftToApply, refuseUnseenHooks, requireNoneBelow, undertake, withoutSpecial, type Undertaking } from './undertaking.ts'
import { UnderWay } from './under-way.ts'
import { requireConfirmed } from './verdict.ts'

type Decision = 'apply' | 'roll-back' | 'discard'

/** What of a run is wanted: everything, the named paths and what lies below them, or what that digest names. */
export interface Wanted {
  readonly paths?: readonly Bytes[]
  readonly digest?: string | undefined
  /** With the runs below it that are not applied: as one. */
  readonly withParents?: boolean
  /** The word of a person who knows that the verdict is critical. */
  readonly confirm?: 'critical' | undefined
}

/** One apply: what it is about, what of that, and how it is to be recorded. */
interface Work {
  readonly of: Undertaking
  readonly what: Omit<ApplyOrder, 'run' | 'ground'>
  readonly keptPaths?: Bytes[]
}

export class Decisions {
  readonly underWay = new UnderWay()
  readonly #ledger: Ledger
  readonly #changes: Changes
  readonly #sandbox: Sandbox
  readonly #aftermath: Aftermath

  constructor(ledger: Ledger, changes: Changes, sandbox: Sandbox, aftermath: Aftermath) {
    this.#ledger = ledger
    this.#changes = changes
    this.#sandbox = sandbox
    this.#aftermath = aftermath
  }

  /** What is already applied is left out. */
  async apply(id: string, { paths = [], digest, withParents = false, confirm }: Wanted, actor: string): Promise<ApplyResult> {
    if (this.#ledger.row(id).status === 'unchanged' && !withParents) return this.#nothing(id)
    const { proposal, digest: own } = appliableIn(this.#ledger, id)
    requireConfirmed(id, this.#ledger.row(id).verdict, confirm)
    if (proposal && digest === proposal.digest && digest !== own) return this.#applyProposal(proposal, { run: id, paths, confirm }, actor)
    const of = await undertake(this.#ledger, this.#changes, id, withParents)
    const { changes, below } = of
    for (const row of below) requireConfirmed(row.id, row.verdict, confirm)
    if (digest !== undefined && digest !== of.digest) throw new Problem('digest-mismatch', { run: id, actual: of.digest, given: digest })
    if (paths.length > 0 && below.length > 0) throw new Problem('bad-request', { what: 'several runs are applied as a whole: leave the paths out' })
    const left = below.length > 0 ? changes : leftToApply(this.#ledger, id, paths)
    const selected = paths.length === 0 ? withoutSpecial(left) : left
    if (selected.length === 0 && below.length === 0) return this.#nothing(id)
    if (paths.length > 0) refuseUnseenHooks(id, leftToApply(this.#ledger, id, []), selected)
    return this.#carryOut({ of, what: { changeSet: { changes, digest: of.digest }, selected, named: paths.length > 0 } }, actor)
  }

  /** The digest that a person approved is that of the change set in which conflicts are settled, measured against the host. */
  async #applyProposal(proposal: StoredProposal, { run: id, paths, confirm }: Pick<Wanted, 'confirm'> & { readonly run: string; readonly paths: readonly Bytes[] }, actor: string): Promise<ApplyResult> {
    if (paths.length > 0) throw new Problem('bad-request', { what: 'a merged change set is applied as a whole: leave the paths out' })
    const { changes, digest, named, merged, taken, kept, withParents = [] } = proposal
    const of = await undertake(this.#ledger, this.#changes, id, withParents.length > 0)
    for (const row of of.below) requireConfirmed(row.id, row.verdict, confirm)
    if (of.below.map((row) => row.id).join() !== withParents.join()) throw new Problem('digest-mismatch', { run: id, actual: of.digest, given: digest })
    const keptPaths = [...(this.#ledger.details(id).keptPaths ?? []), ...kept]
    if (changes.length === 0 && of.below.length === 0) {
      this.#ledger.note(id, 'run.host-kept', actor, {}, { paths: kept.length, merged: digest }, { keptPaths, proposal: null, conflicts: [] })
      return this.#nothing(id)
    }
    const resolution = { merged, taken, folder: join(mergedIn(of.layer), digest) }
    return this.#carryOut({ of, what: { changeSet: { changes, digest }, selected: changes, named, resolution }, keptPaths }, actor)
  }

  async #carryOut({ of, what, keptPaths }: Work, actor: string): Promise<ApplyResult> {
    const { row, below, ground } = of
    const { id } = row
    const { digest } = what.changeSet
    // Somebody may have decided about one of them while they were being looked at.
    const standing = pendingBelow(this.#ledger, row)
    if (below.length === 0) requireNoneBelow(row, standing)
    if (standing.map((one) => one.id).join() !== below.map((one) => one.id).join()) throw new Problem('wrong-status', { run: id, status: 'over other runs than a moment ago', action: 'applied so' })
    const applying: Applying = { withParents: below.map((one) => one.id), as: appliesAs(this.#ledger, of, what.selected, keptPaths), ...(keptPaths ? { keptPaths } : {}) }
    this.#begin([...below, row], 'apply', actor, { digest, applying, payload: { paths: what.selected.length, of: of.changes.length } })
    return this.#carefully(id, async () => {
      const outcome = await this.underWay.while(id, (report) => this.#changes.apply({ run: id, ground, ...what, report }))
      if (outcome.conflicts.length > 0) return this.#refused([row, ...below], 'run.apply-refused', outcome, actor)
      this.#ledger.moveAll(appliedEnd(this.#ledger, id, { event: 'run.applied', actor, action: 'applied', applied: outcome.applied, payload: digest === row.digest ? {} : { merged: digest } }))
      return { run: summaryOf(this.#ledger.row(id)), applied: [...outcome.applied], conflicts: [] }
    })
  }

  #nothing(id: string): ApplyResult {
    return { run: summaryOf(this.#ledger.row(id)), applied: [], conflicts: [] }
  }

  async rollback(id: string, actor: string): Promise<ApplyResult> {
    const row = this.#ledger.row(id)
    requireMove(id, row.status, 'rolling-back', 'rolled back')
    if (row.appliedWith !== null) throw new Problem('applied-together', { run: id, leader: row.appliedWith })
    if (row.preImagesGoneAt !== null) throw new Problem('pre-images-gone', { run: id })
    const together = [row, ...this.#ledger.appliedWith(id)]
    this.#requireNoneAbove(together)
    this.#begin(together, 'roll-back', actor, { digest: row.digest })
    return this.#carefully(id, async () => {
      const outcome = await this.underWay.while(id, (report) => this.#changes.rollback({ run: id, project: row.project, report }))
      if (outcome.conflicts.length > 0) return this.#refused(together, 'run.rollback-refused', outcome, actor)
      this.#ledger.moveAll(rolledBackEnd(this.#ledger, id, { event: 'run.rolled-back', actor, action: 'rolled back', payload: { paths: outcome.applied.length } }))
      return { run: summaryOf(this.#ledger.row(id)), applied: [...outcome.applied], conflicts: [] }
    })
  }

  /** `cascade`: with everything that stands on it. */
  async discard(id: string, actor: string, cascade = false): Promise<void> {
    const row = this.#ledger.row(id)
    requireMove(id, row.status, 'discarded', 'discarded')
    const needing = this.#ledger.needing(id)
    if (needing.length > 0 && !cascade) throw new Problem('layer-has-children', { run: id, children: needing.join(', ') })
    const standing = aboveOf(this.#ledger, id).filter((one) => one.layer !== null || !this.#ledger.isAtRest(one))
    const busy = standing.find((one) => !this.#ledger.isAtRest(one))
    if (busy) throw new Problem('wrong-status', { run: busy.id, status: busy.status, action: 'discarded' })
    const gone = [...standing.reverse(), row]
    this.#ledger.moveAll(gone.map((one): MoveOf => ({
      run: one.id, to: 'discarded', event: 'run.discarded', actor, action: 'discarded', payload: { digest: one.digest, ...(one === row ? {} : { with: id }) }, fields: { layer: null, next: null, staleBy: null },
      decision: { id: newId('approval', randomBytes(12)), decision: 'discard', digest: one.digest },
    })))
    // The record is gone first: a folder without a row is swept at the next start, a row without a folder would lie.
    for (const { layer } of gone) if (layer !== null) await this.#sandbox.discard(layer)
  }

  /** What stands on it was made over it: that goes first. */
  #requireNoneAbove(rows: readonly RunRow[]): void {
    const ids = new Set(rows.map(({ id }) => id))
    for (const { id } of rows) {
      const above = this.#ledger.childrenOf(id).filter((child) => !ids.has(child.id) && ['applied', 'applying', 'rolling-back'].includes(child.status))
      const [child] = above
      if (child) throw new Problem('child-applied', { run: rows[0]?.id ?? id, children: above.map((one) => one.id).join(', '), child: child.appliedWith ?? child.id })
    }
  }

  /** The approval that names the digest is on the disk before the first byte of the host changes. The last of them leads. */
  #begin(rows: readonly RunRow[], decision: Decision & ('apply' | 'roll-back'), actor: string, { digest, applying, payload }: { digest: string | null; applying?: Applying; payload?: Record<string, unknown> }): void {
    const leader = decision === 'apply' ? rows.at(-1) : rows[0]
    const isApply = decision === 'apply'
    this.#ledger.moveAll(rows.map((row): MoveOf => ({
      run: row.id, to: isApply ? 'applying' : 'rolling-back', event: isApply ? 'run.apply-began' : 'run.rollback-began', actor, action: isApply ? 'applied' : 'rolled back', durable: true,
      payload: { digest: row.digest, ...(row === leader ? { ...(digest === row.digest ? {} : { merged: digest }), ...payload } : { with: leader?.id }) },
      fields: {
        next: null, appliedWith: row === leader ? null : (leader?.id ?? null), ...(row === leader && applying ? { applying } : {}),
        // A first apply makes pre-images of its own; those of a second one alone would not lead back.
        ...(row.status === 'applied' ? {} : { preImagesGoneAt: null }),
      },
      decision: { id: newId('approval', randomBytes(12)), decision, digest: row === leader ? digest : row.digest },
    })))
  }

  /** As they were before; the first of them leads. */
  #refused(rows: readonly RunRow[], event: string, outcome: Outcome, actor: string): ApplyResult {
    const conflicts: Conflict[] = [...outcome.conflicts]
    const [leader] = rows
    this.#ledger.moveAll(rows.map((row): MoveOf => ({
      run: row.id, to: row.status, event, actor, action: 'put back', durable: true, payload: { conflicts: row === leader ? conflicts.map(({ path, reason }) => ({ path, reason })) : [] },
      fields: { next: row === leader ? `nexus show ${row.id}` : row.next, applying: null, appliedWith: row.appliedWith }, ...(row === leader ? { details: { conflicts } } : {}),
    })))
    const id = leader?.id ?? ''
    return { run: summaryOf(this.#ledger.row(id)), applied: [], conflicts }
  }

  /** A failure in the middle (disk full, I/O) leaves a journal, which says what the host is: the record follows it, now or later. */
  async #carefully(id: string, work: () => Promise<ApplyResult>): Promise<ApplyResult> {
    try {
      const result = await work()
      this.#changes.noted(id)
      return result
    } catch (error) {
      const journal = await this.#aftermath.settle(id)
      const run = summaryOf(this.#ledger.row(id))
      const isOpen = run.status === 'applying' || run.status === 'rolling-back'
      if (journal?.ended === 'finished' && !isOpen) return { run, applied: [...journal.paths], conflicts: [] }
      if (error instanceof Problem && !isOpen) throw error
      const cause = error instanceof Error ? error.message : String(error)
      if (!isOpen) throw new Problem('io', { what: `run ${id} could not be carried out; the host is as before`, cause, fix: 'mend the cause, then try again' }, { cause: error })
      throw new Problem('io', { what: `run ${id} is still ${run.status}`, cause, fix: `mend the cause; then every command of nexus ends it, forwards or backwards: nexus show ${id}` }, { cause: error })
    }
  }
}
