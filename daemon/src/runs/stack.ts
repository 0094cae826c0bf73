/**
 * How runs stand on one another. A run made over another one's layer sees what that one left; its change set counts from
 * there. So it can be applied only after those below it, or with them, and is worth nothing when one of them came to the
 * host as something else than what it saw.
 */
import { Problem } from '@nexus/protocol/problem'
import type { Ledger, MoveOf, RunRow } from './ledger.ts'
import { canMove } from './status.ts'

/** The runs below, nearest first, down to the one that stands on the host. */
export function belowOf(ledger: Ledger, row: RunRow): RunRow[] {
  const below: RunRow[] = []
  for (let at = parentOf(ledger, row); at; at = parentOf(ledger, at)) below.push(at)
  return below
}

/** Those that are not applied yet, nearest the host first. What changed nothing need not be. */
export function pendingBelow(ledger: Ledger, row: RunRow): RunRow[] {
  const below = belowOf(ledger, row)
  const applied = below.findIndex((one) => isWhole(ledger, one))
  return (applied < 0 ? below : below.slice(0, applied)).filter(({ status }) => status !== 'unchanged').reverse()
}

/** Everything that stands on it, each before what stands on that. */
export function aboveOf(ledger: Ledger, id: string): RunRow[] {
  return ledger.childrenOf(id).flatMap((child) => [child, ...aboveOf(ledger, child.id)])
}

/** All of it is on the host, as it stands in its layer: what was made over the one is right over the other. */
export function isWhole(ledger: Ledger, row: RunRow): boolean {
  if (row.status !== 'applied') return false
  if (row.appliedAs !== null) return row.appliedAs === 'whole'
  // Applied before this was noted.
  const { appliedPaths, keptPaths, changes } = ledger.details(row.id)
  return appliedPaths.length >= changes.filter(({ flags }) => !flags.includes('special')).length && (keptPaths ?? []).length === 0
}

/** May a new run be made over it? Throws Problem `wrong-status`. */
export function requireGround(ledger: Ledger, row: RunRow): void {
  const isPart = row.status === 'applied' && !isWhole(ledger, row)
  if (row.layer !== null && !isPart && ['unchanged', 'kept', 'applied', 'rolled-back'].includes(row.status)) return
  throw new Problem('wrong-status', { run: row.id, status: row.layer === null ? `${row.status}, its layer is gone` : isPart ? 'applied in part' : row.status, action: 'built upon' })
}

/**
 * What moves along with runs that came to the host in part (`part`), as a whole, or left it: what was made over them is
 * stale in the first case; if it was only for that, it is good again in the others.
 */
export function consequences(ledger: Ledger, changed: ReadonlyMap<string, 'whole' | 'part' | 'off'>, actor: string): MoveOf[] {
  return [...changed].flatMap(([id, how]) => aboveOf(ledger, id).filter((row) => !changed.has(row.id)).flatMap((row) => {
    if (how === 'part') return staleMove(row, id, actor)
    if (row.status !== 'stale' || row.staleBy !== id) return []
    const to = Object.values(row.counts).some((count) => count > 0) ? ('kept' as const) : ('unchanged' as const)
    return [{ run: row.id, to, event: 'run.revived', actor, action: 'taken up again', payload: { by: id }, fields: { staleBy: null, next: to === 'kept' ? `nexus apply ${row.id}` : null } }]
  }))
}

/** A run that ended over something that is not what it was any more. */
export function staleBecauseOf(ledger: Ledger, row: RunRow, actor: string): MoveOf[] {
  const by = belowOf(ledger, row).find((one) => ['stale', 'discarded'].includes(one.status) || (one.status === 'applied' && !isWhole(ledger, one)))
  return by ? staleMove(row, by.staleBy ?? by.id, actor) : []
}

export function staleMove(row: RunRow, by: string, actor: string): MoveOf[] {
  if (!canMove(row.status, 'stale')) return []
  return [{ run: row.id, to: 'stale', event: 'run.outdated', actor, action: 'outdated', payload: { by }, fields: { staleBy: by, next: `nexus rerun ${row.id}` } }]
}

function parentOf(ledger: Ledger, { parent, parents }: RunRow): RunRow | undefined {
  return parent === null || parents.length === 0 ? undefined : ledger.find(parent)
}
