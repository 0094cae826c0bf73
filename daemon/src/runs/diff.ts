/** What a run changed, against the run below it or against the host, as a list and as a patch. */
import { Problem } from '@nexus/protocol/problem'
import type { Diff, DiffRequest } from '@nexus/protocol/runs'
import type { Changes } from '../changes/changes.ts'
import type { Ledger } from './ledger.ts'
import { groundOf, layerOf } from './seal.ts'
import { pendingBelow } from './stack.ts'
import { select, together } from './undertaking.ts'

export async function diffOf(ledger: Ledger, changes: Pick<Changes, 'combine' | 'patch'>, id: string, { paths, patch: isPatched, against }: Pick<DiffRequest, 'paths' | 'patch' | 'against'>): Promise<Diff> {
  const row = ledger.row(id)
  const layer = layerOf(row)
  const below = against === 'host' && layer ? pendingBelow(ledger, row) : []
  const all = below.length > 0 ? await together(ledger, changes, row, below) : { changes: ledger.details(id).changes, digest: row.digest, ground: layer && groundOf(row, layer) }
  const chosen = select(id, all.changes, paths)
  if (isPatched && !all.ground && chosen.length > 0) throw new Problem('wrong-status', { run: id, status: `${row.status}, its layer is gone`, action: 'shown as a diff' })
  const patch = isPatched && all.ground ? await changes.patch(all.ground, chosen) : undefined
  return { run: id, digest: all.digest, changes: [...chosen], ...(patch === undefined ? {} : { patch }) }
}
