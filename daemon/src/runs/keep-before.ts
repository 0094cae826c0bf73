/** Keeps what a run saw beside its layer: of a small change set at once, of a large one when its result has been shown. */
import { renameSync, writeFileSync } from 'node:fs'
import type { Change } from '@nexus/protocol/changes'
import type { Changes } from '../changes/changes.ts'
import type { Ledger } from './ledger.ts'
import { beforeIn, groundOf, layerOf } from './seal.ts'

/** A person may edit the host as soon as the result is there; of this much nobody notices the wait. */
const SMALL = { files: 64, bytes: 1024 * 1024 }

export function isQuicklyKept(changes: readonly Change[]): boolean {
  const old = changes.flatMap(({ before, after }) => (before?.sha256 === undefined || before.sha256 === after?.sha256 ? [] : before.size))
  return old.length <= SMALL.files && old.reduce((sum, size) => sum + size, 0) <= SMALL.bytes
}

export async function keepBefore(ledger: Ledger, changes: Changes, id: string): Promise<void> {
  const row = ledger.row(id)
  const layer = layerOf(row)
  if (!layer || row.status !== 'kept') return
  const pack = await changes.pack(groundOf(row, layer), ledger.details(id).changes)
  // Without a pause from here to the end: a layer that is being discarded has lost its row before its folder.
  const now = ledger.row(id)
  if (now.layer === null || now.digest !== row.digest) return
  const file = beforeIn(layer)
  writeFileSync(`${file}.new`, pack, { mode: 0o600 })
  renameSync(`${file}.new`, file)
}
