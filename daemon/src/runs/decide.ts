/** What a person (or a request that policy allows) decides about a sealed change set: apply, roll back, discard. */
import { randomBytes } from 'node:crypto'
import { fromBytes, showBytes, type Bytes } from '@nexus/protocol/bytes'
import type { Change, Conflict } from '@nexus/protocol/changes'
import { newId } from '@nexus/protocol/id'
import { Problem } from '@nexus/protocol/problem'
import type { ApplyResult, RunStatus } from '@nexus/protocol/runs'
import type { Changes, Outcome } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import { summaryOf, type Ledger, type RunRow } from './ledger.ts'
import { groundOf, layerOf } from './seal.ts'
import { requireMove } from './status.ts'
import { UnderWay } from './under-way.ts'

type Decision = 'apply' | 'roll-back' | 'discard'

export class Decisions {
  readonly underWay = new UnderWay()
  readonly #ledger: Ledger
  readonly #changes: Changes
  readonly #sandbox: Sandbox

  constructor(ledger: Ledger, changes: Changes, sandbox: Sandbox) {
    this.#ledger = ledger
    this.#changes = changes
    this.#sandbox = sandbox
  }

  /** Applies all (no paths) or the named paths and what lies below them; what is already applied is left out. */
  async apply(id: string, paths: readonly Bytes[], digest: string | undefined, actor: string): Promise<ApplyResult> {
    const row = this.#ledger.row(id)
    if (row.status === 'failed') throw new Problem('not-appliable', { run: id, reason: row.endReason ?? 'failed' })
    if (row.status === 'unchanged') return { run: summaryOf(row), applied: [], conflicts: [] }
    requireMove(id, row.status, 'applying', 'applied')
    const layer = layerOf(row)
    if (!layer || row.digest === null) throw new Problem('wrong-status', { run: id, status: `${row.status}, its layer is gone`, action: 'applied' })
    if (digest !== undefined && digest !== row.digest) throw new Problem('digest-mismatch', { run: id, actual: row.digest, given: digest })
    const { changes, appliedPaths } = this.#ledger.details(id)
    const done = row.status === 'applied' ? new Set(appliedPaths.map(keyOf)) : new Set<string>()
    const selected = select(id, changes, paths).filter((change) => !done.has(keyOf(change.path)))
    if (selected.length === 0) return { run: summaryOf(row), applied: [], conflicts: [] }

    this.#begin(row, 'applying', 'run.apply-began', 'apply', actor, { paths: selected.length, of: changes.length })
    const order = { run: id, ground: groundOf(row, layer), changeSet: { changes, digest: row.digest }, selected, named: paths.length > 0 }
    const outcome = await this.#carefully(id, row.status, actor, () => this.underWay.while(id, (report) => this.#changes.apply({ ...order, report })))
    if (outcome.conflicts.length > 0) return this.#refused(id, row.status, 'run.apply-refused', outcome, actor)
    const applied = distinct([...(row.status === 'applied' ? appliedPaths : []), ...outcome.applied])
    const rest = changes.length - applied.length
    this.#ledger.move(id, {
      to: 'applied', event: 'run.applied', actor, action: 'applied', durable: true, payload: { digest: row.digest, applied: outcome.applied.length, rest },
      fields: { next: rest > 0 ? `nexus apply ${id}` : `nexus rollback ${id}` }, details: { appliedPaths: applied, conflicts: [] },
    })
    return { run: summaryOf(this.#ledger.row(id)), applied: [...outcome.applied], conflicts: [] }
  }

  async rollback(id: string, actor: string): Promise<ApplyResult> {
    const row = this.#ledger.row(id)
    requireMove(id, row.status, 'rolling-back', 'rolled back')
    this.#begin(row, 'rolling-back', 'run.rollback-began', 'roll-back', actor, {})
    const outcome = await this.#carefully(id, row.status, actor, () => this.underWay.while(id, (report) => this.#changes.rollback({ run: id, project: row.project, report })))
    if (outcome.conflicts.length > 0) return this.#refused(id, 'applied', 'run.rollback-refused', outcome, actor)
    this.#ledger.move(id, {
      to: 'rolled-back', event: 'run.rolled-back', actor, action: 'rolled back', durable: true, payload: { paths: outcome.applied.length },
      fields: { next: null }, details: { appliedPaths: [], conflicts: [] },
    })
    return { run: summaryOf(this.#ledger.row(id)), applied: [...outcome.applied], conflicts: [] }
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
  #begin(row: RunRow, to: RunStatus, event: string, decision: Decision, actor: string, payload: Record<string, unknown>): void {
    this.#ledger.move(row.id, {
      to, event, actor, action: decision === 'apply' ? 'applied' : 'rolled back', durable: true, payload: { digest: row.digest, ...payload }, fields: { next: null },
      decision: { id: newId('approval', randomBytes(12)), decision, digest: row.digest },
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

  /** An error in the middle (disk full, I/O) leaves a journal: recovery decides at once whether the host is old or new. */
  async #carefully(id: string, before: RunStatus, actor: string, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work()
    } catch (error) {
      const recovered = (await this.#changes.recover()).find((journal) => journal.run === id)
      if (recovered?.ended === 'finished') return { applied: recovered.paths, conflicts: [] }
      const cause = error instanceof Error ? error.message : String(error)
      this.#ledger.move(id, { to: before, event: 'run.apply-failed', actor, action: 'put back', durable: true, payload: { cause }, fields: { next: `nexus show ${id}` }, details: { conflicts: [...(recovered?.conflicts ?? [])] } })
      throw error instanceof Problem ? error : new Problem('io', { what: `run ${id} could not be carried out; the host is as before`, cause, fix: 'mend the cause, then try again' }, { cause: error })
    }
  }
}

/** A directory may come with what lies below it more than once. */
export function distinct(paths: readonly Bytes[]): Bytes[] {
  return [...new Map(paths.map((path) => [keyOf(path), path])).values()]
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
