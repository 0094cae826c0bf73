/** After a daemon died: every run is where its row, its layer and its journal say. Runs before the daemon listens. */
import { existsSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../base/log.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import type { Aftermath } from './aftermath.ts'
import { orphanLayers, type Litter } from './garbage.ts'
import type { Ledger, RunRow } from './ledger.ts'
import { layerOf, sealedFields, type Sealer } from './seal.ts'
import { orphanSquashes } from './squash.ts'

const ACTOR = 'daemon'

export interface RecoveryParts {
  readonly state: State
  readonly ledger: Ledger
  readonly aftermath: Aftermath
  readonly sandbox: Sandbox
  readonly sealer: Sealer
  readonly log: Log
}

/** Resolves with the layers that nobody owns: whoever has time removes them, for many of them take their time. */
export async function recoverRuns(parts: RecoveryParts): Promise<Litter[]> {
  await parts.aftermath.begin()
  await awaitEnds(parts)
  for (const row of parts.ledger.inStatus('running')) await settleRunning(parts, row)
  for (const row of parts.ledger.inStatus('queued')) {
    parts.ledger.move(row.id, { to: 'failed', event: 'run.failed', actor: ACTOR, action: 'ended', payload: { endReason: 'daemon-died' }, fields: { endReason: 'daemon-died', next: null } })
  }
  const output = join(parts.state.folder, 'output')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true, mode: 0o700 })
  return [...orphanLayers(parts, 'at start'), ...orphanSquashes(parts, 'at start')]
}

/** A layer is not read while anything of its run is alive. */
async function awaitEnds(parts: RecoveryParts): Promise<void> {
  if (parts.ledger.inStatus('running').length === 0 && orphanLayers(parts, 'at start').length === 0) return
  const left = await parts.sandbox.endLeftovers()
  if (left.length > 0) parts.log.warn({ processes: left }, 'processes of an earlier daemon cannot be ended: they wait inside the kernel')
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
