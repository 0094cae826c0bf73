/** What may be deleted: layers after 14 days, pre-images after 30, output that no run refers to. */
import { existsSync } from 'node:fs'
import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { and, isNotNull, lt, notInArray } from 'drizzle-orm'
import type { GcResult } from '@nexus/protocol/system'
import type { Changes } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import type { Ledger } from './ledger.ts'
import { runDetails, runs } from './runs.sql.ts'

const DAY_MS = 24 * 3600_000
export const LAYER_DAYS = 14
export const BACKUP_DAYS = 30

export interface RetentionParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Sandbox
  readonly changes: Changes
  readonly now: () => number
}

/** `dryRun` announces: the same answer, nothing deleted. */
export async function collectGarbage(parts: RetentionParts, dryRun: boolean, actor: string): Promise<GcResult> {
  const layers = await oldLayers(parts)
  const backups = await oldBackups(parts)
  const blobs = unreferencedBlobs(parts.state)
  if (!dryRun) {
    for (const { run, folder } of layers) {
      parts.ledger.note(run, 'run.layer-expired', actor, { layer: null, next: null }, { days: LAYER_DAYS })
      await parts.sandbox.discard(folder)
    }
    for (const { run } of backups) await parts.changes.dropBackups(run)
    for (const { digest } of blobs) parts.state.blobs.remove(digest)
  }
  const sum = (list: { bytes: number }[]) => list.reduce((total, { bytes }) => total + bytes, 0)
  return {
    layers: layers.map(({ run, bytes }) => ({ run, bytes })), backups, blobs: { count: blobs.length, bytes: sum(blobs) },
    freedBytes: sum(layers) + sum(backups) + sum(blobs), deleted: !dryRun,
  }
}

async function oldLayers({ state, ledger, now }: RetentionParts): Promise<{ run: string; folder: string; bytes: number }[]> {
  const rows = state.db.select({ run: runs.id, folder: runs.layer }).from(runs)
    .where(and(isNotNull(runs.layer), lt(runs.createdAt, now() - LAYER_DAYS * DAY_MS), notInArray(runs.status, ['queued', 'waiting', 'running', 'applying', 'rolling-back']))).all()
  const found = []
  for (const { run, folder } of rows) {
    if (folder !== null && ledger.childrenOf(run).length === 0) found.push({ run, folder, bytes: await sizeOf(folder) })
  }
  return found
}

async function oldBackups({ state, now }: RetentionParts): Promise<{ run: string; bytes: number }[]> {
  const old = state.db.select({ run: runs.id }).from(runs).where(lt(runs.createdAt, now() - BACKUP_DAYS * DAY_MS)).all()
  const found = []
  for (const { run } of old) {
    const folder = join(state.folder, 'backups', run)
    if (existsSync(folder)) found.push({ run, bytes: await sizeOf(folder) })
  }
  return found
}

function unreferencedBlobs(state: State): { digest: string; bytes: number }[] {
  const wanted = new Set(state.db.select({ output: runDetails.output }).from(runDetails).where(isNotNull(runDetails.output)).all().map(({ output }) => output))
  return [...state.blobs.list()].filter(({ digest }) => !wanted.has(digest))
}

async function sizeOf(path: string): Promise<number> {
  const stat = await lstat(path)
  if (!stat.isDirectory()) return stat.blocks * 512
  // A folder that cannot be read (overlayfs' work, mode 000) counts as nothing.
  const names = await readdir(path).catch(() => [])
  let total = 0
  for (const name of names) total += await sizeOf(join(path, name))
  return total
}
