/** What a person (or a request that policy allows) decides about a sealed change set: apply, roll back, discard. */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { fromBytes, showBytes, type Bytes } from '@nexus/protocol/bytes'
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change, Conflict } from '@nexus/protocol/changes'
import { newId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import { companionsOf } from '@nexus/protocol/repository'
import type { ApplyResult, RunStatus } from '@nexus/protocol/runs'
import type { ApplyOrder, Changes, Outcome } from '../changes/changes.ts'
import type { Layer } from '../sandbox/layer.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Aftermath } from './aftermath.ts'
import { summaryOf, type Ledger, type RunRow } from './ledger.ts'
import type { StoredProposal } from './runs.sql.ts'
import { groundOf, layerOf, mergedIn } from './seal.ts'
import { requireMove } from './status.ts'
import { UnderWay } from './under-way.ts'

type Decision = 'apply' | 'roll-back' | 'discard'

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

  /** Applies all (no paths) or the named paths and what lies below them; what is already applied is left out. */
  async apply(id: string, paths: readonly Bytes[], digest: string | undefined, actor: string): Promise<ApplyResult> {
    if (this.#ledger.row(id).status === 'unchanged') return this.#nothing(id)
    const { row, changes, digest: own, proposal } = appliableIn(this.#ledger, id)
    if (digest !== undefined && digest !== own && digest === proposal?.digest) return this.#applyProposal(id, proposal, paths, actor)
    if (digest !== undefined && digest !== own) throw new Problem('digest-mismatch', { run: id, actual: own, given: digest })
    const left = leftToApply(this.#ledger, id, paths)
    const selected = paths.length === 0 ? withoutSpecial(left) : left
    if (selected.length === 0) return this.#nothing(id)
    if (paths.length > 0) refuseUnseenHooks(id, leftToApply(this.#ledger, id, []), selected)
    return this.#carryOut(row, { changeSet: { changes, digest: own }, selected, named: paths.length > 0 }, actor)
  }

  /** The digest that a person approved is that of the change set in which conflicts are settled, measured against the host. */
  async #applyProposal(id: string, proposal: StoredProposal, paths: readonly Bytes[], actor: string): Promise<ApplyResult> {
    if (paths.length > 0) throw new Problem('bad-request', { what: 'a merged change set is applied as a whole: leave the paths out' })
    const { row, layer } = appliableIn(this.#ledger, id)
    const { changes, digest, named, merged, taken, kept } = proposal
    const keptPaths = [...(this.#ledger.details(id).keptPaths ?? []), ...kept]
    if (changes.length === 0) {
      this.#ledger.note(id, 'run.host-kept', actor, {}, { paths: kept.length, merged: digest }, { keptPaths, proposal: null, conflicts: [] })
      return this.#nothing(id)
    }
    const resolution = { merged, taken, folder: join(mergedIn(layer), digest) }
    return this.#carryOut(row, { changeSet: { changes, digest }, selected: changes, named, resolution }, actor, keptPaths)
  }

  async #carryOut(row: RunRow, what: Omit<ApplyOrder, 'run' | 'ground'>, actor: string, keptPaths?: Bytes[]): Promise<ApplyResult> {
    const { id } = row
    const { layer, changes } = appliableIn(this.#ledger, id)
    const { digest } = what.changeSet
    this.#begin(row, 'applying', 'run.apply-began', 'apply', actor, digest, { paths: what.selected.length, of: changes.length })
    return this.#carefully(id, async () => {
      const outcome = await this.underWay.while(id, (report) => this.#changes.apply({ run: id, ground: groundOf(row, layer), ...what, report }))
      if (outcome.conflicts.length > 0) return this.#refused(id, row.status, 'run.apply-refused', outcome, actor)
      const details = this.#ledger.details(id)
      const appliedPaths = distinct([...(row.status === 'applied' ? details.appliedPaths : []), ...outcome.applied])
      const done = new Set([...appliedPaths, ...(keptPaths ?? details.keptPaths ?? [])].map(keyOf))
      const rest = changes.filter(({ path }) => !done.has(keyOf(path))).length
      this.#ledger.move(id, {
        to: 'applied', event: 'run.applied', actor, action: 'applied', durable: true, payload: { digest: row.digest, ...(digest === row.digest ? {} : { merged: digest }), applied: outcome.applied.length, rest },
        fields: { next: rest > 0 ? `nexus apply ${id}` : `nexus rollback ${id}` }, details: { appliedPaths, conflicts: [], ...(keptPaths ? { keptPaths, proposal: null } : {}) },
      })
      return { run: summaryOf(this.#ledger.row(id)), applied: [...outcome.applied], conflicts: [] }
    })
  }

  #nothing(id: string): ApplyResult {
    return { run: summaryOf(this.#ledger.row(id)), applied: [], conflicts: [] }
  }

  async rollback(id: string, actor: string): Promise<ApplyResult> {
    const row = this.#ledger.row(id)
    requireMove(id, row.status, 'rolling-back', 'rolled back')
    if (row.preImagesGoneAt !== null) throw new Problem('pre-images-gone', { run: id })
    this.#begin(row, 'rolling-back', 'run.rollback-began', 'roll-back', actor, row.digest, {})
    return this.#carefully(id, async () => {
      const outcome = await this.underWay.while(id, (report) => this.#changes.rollback({ run: id, project: row.project, report }))
      if (outcome.conflicts.length > 0) return this.#refused(id, 'applied', 'run.rollback-refused', outcome, actor)
      this.#ledger.move(id, {
        to: 'rolled-back', event: 'run.rolled-back', actor, action: 'rolled back', durable: true, payload: { paths: outcome.applied.length },
        fields: { next: null }, details: { appliedPaths: [], conflicts: [], keptPaths: null, proposal: null },
      })
      return { run: summaryOf(this.#ledger.row(id)), applied: [...outcome.applied], conflicts: [] }
    })
  }

  async discard(id: string, actor: string): Promise<void> {
    const row = this.#ledger.row(id)
    requireMove(id, row.status, 'discarded', 'discarded')
    const children = this.#ledger.childrenOf(id)
    if (children.length > 0) throw new Problem('layer-has-children', { run: id, children: children.map((child) => child.id).join(', ') })
    this.#ledger.move(id, {
      to: 'discarded', event: 'run.discarded', actor, action: 'discarded', payload: { digest: row.digest }, fields: { layer: null, next: null },
      decision: { id: newId('approval', randomBytes(12)), decision: 'discard', digest: row.digest },
    })
    // The record is gone first: a folder without a row is swept at the next start, a row without a folder would lie.
    if (row.layer !== null) await this.#sandbox.discard(row.layer)
  }

  /** The approval that names the digest is on the disk before the first byte of the host changes. */
  #begin(row: RunRow, to: RunStatus, event: string, decision: Decision, actor: string, approved: string | null, payload: Record<string, unknown>): void {
    this.#ledger.move(row.id, {
      to, event, actor, action: decision === 'apply' ? 'applied' : 'rolled back', durable: true, payload: { digest: row.digest, ...(approved === row.digest ? {} : { merged: approved }), ...payload },
      // A first apply makes pre-images of its own; those of a second one alone would not lead back.
      fields: { next: null, ...(row.status === 'applied' ? {} : { preImagesGoneAt: null }) }, decision: { id: newId('approval', randomBytes(12)), decision, digest: approved },
    })
  }

  #refused(id: string, back: RunStatus, event: string, outcome: Outcome, actor: string): ApplyResult {
    const conflicts: Conflict[] = [...outcome.conflicts]
    this.#ledger.move(id, {
      to: back, event, actor, action: 'put back', durable: true, payload: { conflicts: conflicts.map(({ path, reason }) => ({ path, reason })) },
      fields: { next: `nexus show ${id}` }, details: { conflicts },
    })
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

/** A directory may come with what lies below it more than once. */
export function distinct(paths: readonly Bytes[]): Bytes[] {
  return [...new Map(paths.map((path) => [keyOf(path), path])).values()]
}

/** A run that may be applied now, with its change set. Throws Problem. */
export function appliableIn(ledger: Ledger, id: string): { row: RunRow; layer: Layer; changes: Change[]; digest: string; proposal: StoredProposal | null } {
  const row = ledger.row(id)
  if (row.status === 'failed') throw new Problem('not-appliable', { run: id, reason: row.endReason ?? 'failed' })
  requireMove(id, row.status, 'applying', 'applied')
  const layer = layerOf(row)
  if (!layer || row.digest === null) throw new Problem('wrong-status', { run: id, status: `${row.status}, its layer is gone`, action: 'applied' })
  const { changes, proposal } = ledger.details(id)
  return { row, layer, changes, digest: row.digest, proposal }
}

/** Of all or the named paths: what is neither on the host yet nor decided in favour of the host. A named path may be decided anew. */
export function leftToApply(ledger: Ledger, id: string, paths: readonly Bytes[]): Change[] {
  const { status } = ledger.row(id)
  const { changes, appliedPaths, keptPaths } = ledger.details(id)
  const done = new Set([...(status === 'applied' ? appliedPaths : []), ...(paths.length === 0 ? (keptPaths ?? []) : [])].map(keyOf))
  return select(id, changes, paths).filter((change) => !done.has(keyOf(change.path)))
}

/** Naming some path of a repository is no word about its hooks, which come along with it. Throws Problem `flagged-companions`. */
function refuseUnseenHooks(run: string, changes: readonly Change[], selected: readonly Change[]): void {
  const named = new Set(selected.map(({ path }) => keyOf(path)))
  const flagged = companionsOf(changes, new Set([...changes.keys()].filter((at) => changes[at] && named.has(keyOf(changes[at].path))))).flatMap((at) => changes[at] ?? []).filter(isBlocking)
  if (flagged.length > 0) throw new Problem('flagged-companions', { run, paths: flagged.map(({ path }) => showBytes(path)).join(' ') })
}

/** Pipes, sockets and devices are never applied; what else there is need not wait for them. */
function withoutSpecial(changes: readonly Change[]): readonly Change[] {
  const others = changes.filter(({ flags }) => !flags.includes('special'))
  return others.length === 0 ? changes : others
}

/** The changes at the named paths or below them. Throws Problem `no-path`. */
export function select(run: string, changes: readonly Change[], paths: readonly Bytes[]): Change[] {
  if (paths.length === 0) return [...changes]
  const chosen = new Set<Change>()
  for (const path of paths) {
    const key = keyOf(path).replace(/\/+$/, '')
    const found = changes.filter((change) => isAtOrBelow(keyOf(change.path), key) || (change.from !== undefined && isAtOrBelow(keyOf(change.from), key)))
    if (found.length === 0) throw new Problem('no-path', { run, path: showBytes(path) })
    for (const change of found) chosen.add(change)
  }
  return changes.filter((change) => chosen.has(change))
}

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '' || folder === '.' || path === folder || path.startsWith(`${folder}/`)
}

/** Paths compare by bytes: latin1 gives each byte one character. */
function keyOf(path: Bytes): string {
  return fromBytes(path).toString('latin1')
}
