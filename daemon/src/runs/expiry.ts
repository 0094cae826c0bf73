/**
 * When what a run left may go, as plain arithmetic over its row. Time counts from the run's last station: a layer that
 * was entered or applied yesterday is a day old. Nothing goes by itself that was not announced long enough before.
 */
import type { RunRow } from './ledger.ts'

const DAY_MS = 24 * 3600_000

export interface RetentionRules {
  readonly layerMs: number
  readonly preImagesMs: number
  /** Of all pre-images together; beyond that the oldest are announced, whatever their age. */
  readonly preImagesBytes: number
  /** From the announcement to the deletion. */
  readonly noticeMs: number
}

export const RULES: RetentionRules = { layerMs: 14 * DAY_MS, preImagesMs: 30 * DAY_MS, preImagesBytes: 10e9, noticeMs: 3 * DAY_MS }

/** Not before this moment; null: it has no layer, or a person keeps it. */
export function layerGoesAt(row: Pick<RunRow, 'layer' | 'pinned' | 'movedAt' | 'layerNoticeAt'>, rules = RULES): number | null {
  if (row.layer === null || row.pinned) return null
  return Math.max(row.movedAt + rules.layerMs, (row.layerNoticeAt ?? 0) + rules.noticeMs)
}

/** Null: a person keeps them. `tooMany`: all together are beyond what is kept. */
export function preImagesGoAt(row: Pick<RunRow, 'pinned' | 'movedAt' | 'preImagesNoticeAt'>, tooMany: boolean, rules = RULES): number | null {
  if (row.pinned) return null
  const noticed = (row.preImagesNoticeAt ?? 0) + rules.noticeMs
  return tooMany && row.preImagesNoticeAt !== null ? noticed : Math.max(row.movedAt + rules.preImagesMs, noticed)
}

/** The oldest pre-images that do not fit beside the younger ones. The youngest always stay: a rollback of just now must be possible. */
export function beyond<Kept extends { readonly bytes: number; readonly movedAt: number }>(kept: readonly Kept[], rules = RULES): Set<Kept> {
  const youngestFirst = [...kept].sort((one, other) => other.movedAt - one.movedAt)
  let sum = 0
  return new Set(youngestFirst.filter(({ bytes }, at) => {
    sum += bytes
    return at > 0 && sum > rules.preImagesBytes
  }))
}
