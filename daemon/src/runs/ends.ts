/** How an apply or a rollback is recorded that came to its end: of the run, of those it was carried out with, of those above. */
import type { Bytes } from '@nexus/protocol/bytes'
import type { Change } from '@nexus/protocol/changes'
import type { Ledger, MoveOf, RunRow } from './ledger.ts'
import type { Applying } from './runs.sql.ts'
import { consequences } from './stack.ts'
import { distinct, keyOf, withoutSpecial, type Undertaking } from './undertaking.ts'

export interface Ending {
  readonly event: string
  readonly actor: string
  readonly action: string
  readonly payload?: Record<string, unknown>
}

/** What this apply will have made of the run; a merged path is not what its layer holds, and never will be. */
export function appliesAs(ledger: Ledger, { row, changes }: Undertaking, selected: readonly Change[], keptPaths: readonly Bytes[] | undefined): Applying['as'] {
  const details = ledger.details(row.id)
  const wanted = new Map(changes.map((change) => [keyOf(change.path), change]))
  const isOther = selected.some(({ path, after }) => {
    const own = wanted.get(keyOf(path))?.after
    return own?.type !== after?.type || own?.sha256 !== after?.sha256 || JSON.stringify(own?.linkTarget) !== JSON.stringify(after?.linkTarget)
  })
  if (isOther || (row.status === 'applied' && row.appliedAs === 'merged')) return 'merged'
  const done = new Set([...(row.status === 'applied' ? details.appliedPaths : []), ...selected.map(({ path }) => path)].map(keyOf))
  const isAll = withoutSpecial(changes).every(({ path }) => done.has(keyOf(path)))
  return isAll && (keptPaths ?? details.keptPaths ?? []).length === 0 ? 'whole' : 'part'
}

/** The moves of a run that is on the host now, in the status `applying`. `applied`: paths of what it carried out. */
export function appliedEnd(ledger: Ledger, id: string, { applied, ...ending }: Ending & { readonly applied: readonly Bytes[] }): MoveOf[] {
  const row = ledger.row(id)
  const with_ = ledger.appliedWith(id)
  const { keptPaths, withParents = [], as = 'part' } = row.applying ?? {}
  const own = (of: RunRow): MoveOf => {
    const details = ledger.details(of.id)
    const kept = withParents.length === 0 ? keptPaths : keptPaths?.filter((path) => details.changes.some((change) => keyOf(change.path) === keyOf(path)))
    const isKept = new Set((kept ?? []).map(keyOf))
    // As one they are all there, also what came and went again between them.
    const appliedPaths = withParents.length === 0 ? distinct([...details.appliedPaths, ...applied]) : withoutSpecial(details.changes).map(({ path }) => path).filter((path) => !isKept.has(keyOf(path)))
    const done = new Set([...appliedPaths, ...(kept ?? details.keptPaths ?? [])].map(keyOf))
    const rest = details.changes.filter(({ path }) => !done.has(keyOf(path))).length
    return {
      run: of.id, to: 'applied', durable: true, ...ending, payload: { digest: of.digest, applied: of.id === id ? applied.length : appliedPaths.length, rest, ...(of.id === id ? ending.payload : { with: id }) },
      fields: { next: rest > 0 ? `nexus apply ${of.id}` : `nexus rollback ${id}`, applying: null, appliedAs: as },
      details: { appliedPaths, conflicts: [], ...(kept ? { keptPaths: kept, proposal: null } : {}) },
    }
  }
  const changed = new Map([row, ...with_].map((of) => [of.id, as === 'whole' ? ('whole' as const) : ('part' as const)]))
  return [...with_.map(own), own(row), ...consequences(ledger, changed, ending.actor)]
}

/** The moves of a run that has left the host again, in the status `rolling-back`. */
export function rolledBackEnd(ledger: Ledger, id: string, ending: Ending): MoveOf[] {
  const rows = [ledger.row(id), ...ledger.appliedWith(id)]
  const moves = rows.map((of): MoveOf => ({
    run: of.id, to: 'rolled-back', durable: true, ...ending, payload: of.id === id ? (ending.payload ?? {}) : { with: id },
    fields: { next: null, appliedAs: null, appliedWith: null }, details: { appliedPaths: [], conflicts: [], keptPaths: null, proposal: null },
  }))
  return [...moves, ...consequences(ledger, new Map(rows.map((of) => [of.id, 'off'])), ending.actor)]
}
