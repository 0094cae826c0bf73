/** Announcements: an event that names what goes and when, and the moment in each run's row. */
import { and, inArray, isNotNull, isNull, lte } from 'drizzle-orm'
import type { Soon } from '@nexus/protocol/system'
import type { State } from '../state/state.ts'
import { layerGoesAt, preImagesGoAt, type RetentionRules } from './expiry.ts'
import type { RunRow } from './ledger.ts'
import type { KeptPreImages } from './pre-images.ts'
import { runs } from './runs.sql.ts'
import { inTurns } from './turns.ts'

const ACTOR = 'daemon'

export interface Notice {
  readonly state: State
  /** Due within the time of an announcement. */
  readonly layers: readonly RunRow[]
  readonly preImages: readonly KeptPreImages[]
  readonly now: number
  readonly rules: RetentionRules
}

/** Tells once of everything that goes soon and was not told of yet. */
export function notice({ state, layers, preImages, now, rules }: Notice): void {
  const leaving = layers.filter((row) => row.layerNoticeAt === null && layerGoesAt(row, rules) !== null)
  const rows = preImages.length === 0 ? [] : inTurns(preImages.map(({ run }) => run)).flatMap((turn) => state.db.select().from(runs).where(inArray(runs.id, turn)).all())
  const tooMany = new Set(preImages.filter((kept) => kept.tooMany).map(({ run }) => run))
  const lapsing = rows.filter((row) => row.preImagesNoticeAt === null && !row.pinned && (tooMany.has(row.id) || row.movedAt + rules.preImagesMs - rules.noticeMs <= now))
  if (leaving.length === 0 && lapsing.length === 0) return
  const told = (list: readonly RunRow[], at: (row: RunRow) => number | null) => list.map((row) => ({ run: row.id, at: at(row) }))
  const payload = {
    layers: told(leaving, (row) => layerGoesAt({ ...row, layerNoticeAt: now }, rules)),
    preImages: told(lapsing, (row) => preImagesGoAt({ ...row, preImagesNoticeAt: now }, tooMany.has(row.id), rules)),
  }
  state.record({ type: 'retention.announced', actor: ACTOR, subject: 'retention', payload }, (db) => {
    for (const turn of inTurns(leaving.map(({ id }) => id))) db.update(runs).set({ layerNoticeAt: now }).where(inArray(runs.id, turn)).run()
    for (const turn of inTurns(lapsing.map(({ id }) => id))) db.update(runs).set({ preImagesNoticeAt: now }).where(inArray(runs.id, turn)).run()
  })
}

/** What is announced or due, from the rows alone: cheap enough for every `status`. */
export function noticed({ db }: State, now: number, rules: RetentionRules): Soon {
  const { id, layer, pinned, movedAt, layerNoticeAt, preImagesNoticeAt } = runs
  const layers = db.select({ id, layer, pinned, movedAt, layerNoticeAt }).from(runs).where(and(isNotNull(layer), lte(movedAt, now + rules.noticeMs - rules.layerMs))).all()
    .flatMap((row) => leaving(row.id, layerGoesAt(row, rules)))
  const preImages = db.select({ id, pinned, movedAt, preImagesNoticeAt }).from(runs).where(and(isNotNull(preImagesNoticeAt), isNull(runs.preImagesGoneAt))).all()
    .flatMap((row) => leaving(row.id, preImagesGoAt(row, isEarly(row, rules), rules)))
  return { layers: layers.sort(bySoonest), backups: preImages.sort(bySoonest) }
}

function leaving(run: string, at: number | null): { run: string; at: number }[] {
  return at === null ? [] : [{ run, at }]
}

function bySoonest(one: { at: number }, other: { at: number }): number {
  return one.at - other.at
}

/** Announced before its age would have: there were too many. */
function isEarly({ movedAt, preImagesNoticeAt }: Pick<RunRow, 'movedAt' | 'preImagesNoticeAt'>, rules: RetentionRules): boolean {
  return preImagesNoticeAt !== null && preImagesNoticeAt < movedAt + rules.preImagesMs - rules.noticeMs
}
