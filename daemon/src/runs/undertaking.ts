/** What an apply of a run is about: its own change set, or that of it and the runs below it as one. */
import { fromBytes, showBytes, type Bytes } from '@nexus/protocol/bytes'
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Change } from '@nexus/protocol/changes'
import { Problem } from '@nexus/protocol/problem'
import { companionsOf } from '@nexus/protocol/repository'
import type { Changes, ChangeSet, Ground } from '../changes/changes.ts'
import type { Layer } from '../sandbox/layer.ts'
import type { Ledger, RunRow } from './ledger.ts'
import type { StoredProposal } from './runs.sql.ts'
import { beforeIn, groundOf, layerOf } from './seal.ts'
import { pendingBelow } from './stack.ts'
import { requireMove } from './status.ts'

export interface Undertaking extends ChangeSet {
  readonly row: RunRow
  readonly layer: Layer
  readonly ground: Ground
  /** The runs below that it holds as well, nearest the host first. */
  readonly below: readonly RunRow[]
}

/** Throws Problem, `needs-parents` for a run that stands on one which is not applied. */
export async function undertake(ledger: Ledger, changes: Pick<Changes, 'combine'>, id: string, withParents: boolean): Promise<Undertaking> {
  const { row, layer, changes: own, digest } = appliableIn(ledger, id)
  const below = pendingBelow(ledger, row)
  if (!withParents) requireNoneBelow(row, below)
  if (below.length === 0) return { row, layer, ground: groundOf(row, layer), changes: own, digest, below }
  for (const one of below) appliableIn(ledger, one.id)
  return { row, layer, below, ...(await together(ledger, changes, row, below)) }
}

/** The change set of a run and those below it, as one, and what it is measured against. Its layer must be there. */
export async function together(ledger: Ledger, changes: Pick<Changes, 'combine'>, row: RunRow, below: readonly RunRow[]): Promise<ChangeSet & { readonly ground: Ground }> {
  const layer = requireLayer(row)
  const [lowest = row] = below
  const own = groundOf(row, layer)
  const ground: Ground = {
    ...own, below: lowest.parents, startedAtNs: groundOf(lowest, requireLayer(lowest)).startedAtNs,
    before: [...(own.before ?? []), ...below.flatMap((one) => beforeIn(requireLayer(one)))],
  }
  const set = await changes.combine(ground, [...below, row].map(({ id }) => ledger.details(id).changes))
  return { ...set, ground }
}

export function requireNoneBelow(row: RunRow, below: readonly RunRow[]): void {
  const [first] = below
  if (first) throw new Problem('needs-parents', { run: row.id, parents: below.map(({ id }) => id).join(', '), first: first.id })
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
export function refuseUnseenHooks(run: string, changes: readonly Change[], selected: readonly Change[]): void {
  const named = new Set(selected.map(({ path }) => keyOf(path)))
  const flagged = companionsOf(changes, new Set([...changes.keys()].filter((at) => changes[at] && named.has(keyOf(changes[at].path))))).flatMap((at) => changes[at] ?? []).filter(isBlocking)
  if (flagged.length > 0) throw new Problem('flagged-companions', { run, paths: flagged.map(({ path }) => showBytes(path)).join(' ') })
}

/** Pipes, sockets and devices are never applied; what else there is need not wait for them. */
export function withoutSpecial(changes: readonly Change[]): readonly Change[] {
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

/** A directory may come with what lies below it more than once. */
export function distinct(paths: readonly Bytes[]): Bytes[] {
  return [...new Map(paths.map((path) => [keyOf(path), path])).values()]
}

/** Paths compare by bytes: latin1 gives each byte one character. */
export function keyOf(path: Bytes): string {
  return fromBytes(path).toString('latin1')
}

function requireLayer(row: RunRow): Layer {
  const layer = layerOf(row)
  if (!layer) throw new Problem('wrong-status', { run: row.id, status: `${row.status}, its layer is gone`, action: 'looked at' })
  return layer
}

function isAtOrBelow(path: string, folder: string): boolean {
  return folder === '' || folder === '.' || path === folder || path.startsWith(`${folder}/`)
}
