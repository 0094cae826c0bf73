/** After a daemon died: every run is where its row, its layer and its journal say. Runs before the daemon listens. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { Changes, Recovered } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import { distinct } from './decide.ts'
import { orphanLayers, type Litter } from './garbage.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { layerOf, sealedFields, type Sealer } from './seal.ts'

const ACTOR = 'daemon'

export interface RecoveryParts {
  readonly state: State
  readonly ledger: Ledger
  readonly changes: Changes
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly log: Log
}

/** Resolves with the layers that nobody owns: whoever has time removes them, for many of them take their time. */
export async function recoverRuns(parts: RecoveryParts): Promise<Litter[]> {
  await settleJournals(parts)
  await awaitEnds(parts)
  for (const row of parts.ledger.inStatus('running')) await settleRunning(parts, row)
  for (const row of parts.ledger.inStatus('queued')) {
    parts.ledger.move(row.id, { to: 'failed', event: 'run.failed', actor: ACTOR, action: 'ended', payload: { endReason: 'daemon-died' }, fields: { endReason: 'daemon-died', next: null } })
  }
  const output = join(parts.state.folder, 'output')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true, mode: 0o700 })
  return orphanLayers(parts, 'at start')
}

/** A layer is not read while anything of its run is alive. */
async function awaitEnds(parts: RecoveryParts): Promise<void> {
  if (parts.ledger.inStatus('running').length === 0 && orphanLayers(parts, 'at start').length === 0) return
  const left = await parts.sandbox.endLeftovers()
  if (left.length > 0) parts.log.warn({ processes: left }, 'processes of an earlier daemon cannot be ended: they wait inside the kernel')
}

async function settleJournals({ ledger, changes, log }: RecoveryParts): Promise<void> {
  const recovered = await changes.recover()
  for (const journal of recovered) log.warn({ run: journal.run, ended: journal.ended, direction: journal.direction }, 'finished an interrupted apply')
  for (const row of ledger.inStatus('applying', 'rolling-back')) {
    settleDecision(ledger, row, recovered.findLast((journal) => journal.run === row.id && isNews(ledger, row, journal)))
  }
}

/** The journal of an earlier apply or rollback may be told once more: its result the record has already. */
function isNews(ledger: Ledger, row: RunRow, { direction, paths }: Recovered): boolean {
  if (direction !== (row.status === 'applying' ? 'apply' : 'rollback')) return false
  const { appliedPaths } = ledger.details(row.id)
  return direction === 'rollback' || distinct([...appliedPaths, ...paths]).length > appliedPaths.length
}

/**
 * Without a journal nothing had been written, or everything including the journal's end had: then the row is behind
 * and the pre-images tell; `changes.recover` reports such a finished journal too.
 */
function settleDecision(ledger: Ledger, row: RunRow, journal: Recovered | undefined): void {
  const details = ledger.details(row.id)
  const isApply = row.status === 'applying'
  const finished = journal?.ended === 'finished'
  const wasApplied = details.appliedPaths.length > 0
  const to = isApply ? (finished || wasApplied ? 'applied' : 'kept') : finished ? 'rolled-back' : 'applied'
  const appliedPaths = isApply ? distinct([...details.appliedPaths, ...(finished ? journal.paths : [])]) : finished ? [] : details.appliedPaths
  ledger.move(row.id, {
    to, event: 'run.recovered', actor: ACTOR, action: 'recovered', durable: true, payload: { journal: journal?.ended ?? 'none', paths: appliedPaths.length },
    fields: { next: to === 'kept' ? `nexus apply ${row.id}` : to === 'applied' ? `nexus rollback ${row.id}` : null },
    details: { appliedPaths, conflicts: [...(journal?.conflicts ?? [])] },
  })
}

async function settleRunning({ ledger, sealer, log }: RecoveryParts, row: RunRow): Promise<void> {
  const layer = layerOf(row)
  // A shell was open in a layer that had been sealed before: the command itself had ended by itself.
  const wasSealed = row.digest !== null && row.endReason === null
  try {
    const sealed = layer && existsSync(layer.upper) ? sealedFields(await sealer.seal(row, layer)) : undefined
    const to = !wasSealed ? 'failed' : (sealed?.details.changes.length ?? 0) === 0 ? 'unchanged' : 'kept'
    const endReason = wasSealed ? null : (row.endReason ?? 'daemon-died')
    ledger.move(row.id, { to, event: 'run.recovered', actor: ACTOR, action: 'recovered', payload: { endReason }, fields: { ...sealed?.fields, endReason, next: to === 'kept' ? `nexus apply ${row.id}` : null }, ...(sealed ? { details: sealed.details } : {}) })
  } catch (error) {
    log.error({ err: error, run: row.id }, 'a layer could not be read after a crash')
    ledger.move(row.id, { to: 'failed', event: 'run.recovered', actor: ACTOR, action: 'recovered', payload: { endReason: 'daemon-died' }, fields: { endReason: 'daemon-died', next: null } })
  }
}
