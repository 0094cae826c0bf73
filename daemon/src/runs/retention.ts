/**
 * What may be deleted, and the deleting: layers after 14 days, pre-images after 30 days or beyond 10 GB, output that no
 * run refers to, and what a crash left behind.
 * Always true here: a record lets go of a thing before the thing goes, so that a crash between the two leaves garbage
 * that the next round finds, never a record that lies; what a person may still need is judged again in the very breath
 * in which its record lets go.
 */
import type { GcResult, Soon } from '@nexus/protocol/system'
import type { Log } from '../base/log.ts'
import type { Changes } from '../changes/changes.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { State } from '../state/state.ts'
import { layerGoesAt, preImagesGoAt, RULES, type RetentionRules } from './expiry.ts'
import { findLitter, sweepBlobs } from './garbage.ts'
import type { Ledger, RunRow } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { notice, noticed } from './notice.ts'
import { PreImages, type KeptPreImages } from './pre-images.ts'
import { sizeOf } from './size.ts'

export interface RetentionParts {
  readonly state: State
  readonly ledger: Ledger
  readonly sandbox: Pick<Sandbox, 'discard'>
  readonly changes: Pick<Changes, 'dropBackups' | 'sweepStages'>
  readonly live: Pick<LiveRuns, 'get'>
  readonly now: () => number
  readonly log: Pick<Log, 'warn'>
  readonly rules?: RetentionRules
}

export interface GcOrder {
  readonly dryRun: boolean
  readonly actor: string
  /** A person who asks for it needs no announcement: the age alone decides. */
  readonly by: 'person' | 'daemon'
  /** Ends the round between two deletions. */
  readonly signal?: AbortSignal
}

export class Retention {
  readonly #parts: RetentionParts
  readonly #rules: RetentionRules
  readonly #preImages: PreImages
  #last: Promise<unknown> = Promise.resolve()

  constructor(parts: RetentionParts) {
    this.#parts = parts
    this.#rules = parts.rules ?? RULES
    this.#preImages = new PreImages(parts.state.folder, parts.ledger, this.#rules)
  }

  /** Announces what is about to go. Cheap when there is nothing to tell. */
  async announce(): Promise<void> {
    const { state, ledger, now } = this.#parts
    notice({ state, layers: ledger.layersUntouchedSince(now() + this.#rules.noticeMs - this.#rules.layerMs), preImages: await this.#preImages.kept(), now: now(), rules: this.#rules })
  }

  /** What goes within the time of an announcement, or was announced. */
  soon(): Soon {
    return noticed(this.#parts.state, this.#parts.now(), this.#rules)
  }

  /** One round at a time. `dryRun` tells the same answer and deletes nothing. */
  collect(order: GcOrder): Promise<GcResult> {
    const round = this.#last.then(() => this.#collect(order))
    this.#last = round.catch(() => undefined)
    return round
  }

  async #collect(order: GcOrder): Promise<GcResult> {
    const { dryRun, signal } = order
    const layers = await this.#layers(order)
    const backups = await this.#backups(order)
    const blobs = await sweepBlobs(this.#parts.state, dryRun)
    const litter = await findLitter(this.#parts)
    for (const { path, remove } of litter) if (!dryRun && !signal?.aborted) await this.#carefully(path, remove)
    const stages = await this.#stages(order)
    const freedBytes = [...layers, ...backups, ...blobs, ...litter].reduce((sum, { bytes }) => sum + bytes, 0)
    return { layers, backups, blobs: total(blobs), litter: { ...total(litter), count: litter.length + stages }, freedBytes, deleted: !dryRun, soon: this.soon() }
  }

  /** Staging folders that an apply left in a project. A project that is gone has none. */
  async #stages({ dryRun, signal }: GcOrder): Promise<number> {
    let count = 0
    for (const project of this.#parts.ledger.projects()) {
      if (signal?.aborted) break
      await this.#carefully(project, async () => { count += await this.#parts.changes.sweepStages(project, dryRun) })
    }
    return count
  }

  /** One thing that cannot be deleted must not keep the others: its record has let go of it, so the next round finds it. */
  async #carefully(what: string, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#parts.log.warn({ err: error, what }, 'could not be deleted')
    }
  }

  /** Children go before what they stand on; what stands below a layer that stays, stays. */
  async #layers({ dryRun, actor, by, signal }: GcOrder): Promise<{ run: string; bytes: number }[]> {
    const { ledger, sandbox, now } = this.#parts
    const gone = new Set<string>()
    const freed: { run: string; bytes: number }[] = []
    for (const { id, layer } of ledger.layersUntouchedSince(now() - this.#rules.layerMs)) {
      if (signal?.aborted) break
      if (layer === null || !this.#mayLoseLayer(ledger.row(id), by, gone)) continue
      const bytes = await sizeOf(layer)
      // Somebody may have come back to it meanwhile.
      const row = ledger.row(id)
      if (!this.#mayLoseLayer(row, by, gone)) continue
      gone.add(id)
      freed.push({ run: id, bytes })
      if (dryRun) continue
      this.#letGoOfLayer(row, actor, bytes)
      await this.#carefully(layer, () => sandbox.discard(layer))
    }
    return freed
  }

  /** A change set that nobody decided on is stale from now on; what was applied can still be rolled back. */
  #letGoOfLayer({ id, status, movedAt, preImagesGoneAt }: RunRow, actor: string, bytes: number): void {
    const { ledger, now } = this.#parts
    const next = status === 'applied' && preImagesGoneAt === null ? `nexus rollback ${id}` : null
    const payload = { untouchedMs: now() - movedAt, bytes }
    if (status === 'kept') ledger.move(id, { to: 'stale', event: 'run.layer-expired', actor, action: 'let go', payload, fields: { layer: null, next } })
    else ledger.note(id, 'run.layer-expired', actor, { layer: null, next, layerNoticeAt: null }, payload)
  }

  #mayLoseLayer(row: RunRow, by: GcOrder['by'], gone: ReadonlySet<string>): boolean {
    const { ledger, now } = this.#parts
    const at = layerGoesAt(by === 'person' ? { ...row, layerNoticeAt: null } : row, this.#rules)
    if (at === null || at > now() || (by === 'daemon' && row.layerNoticeAt === null)) return false
    return ledger.isAtRest(row) && ledger.needing(row.id).every((id) => gone.has(id))
  }

  async #backups({ dryRun, actor, by, signal }: GcOrder): Promise<{ run: string; bytes: number }[]> {
    const { ledger, changes, now } = this.#parts
    const freed: { run: string; bytes: number }[] = []
    for (const kept of await this.#preImages.kept()) {
      if (signal?.aborted) break
      const row = ledger.row(kept.run)
      if (!this.#mayLosePreImages(row, kept, by)) continue
      freed.push({ run: kept.run, bytes: kept.bytes })
      if (dryRun) continue
      ledger.note(kept.run, 'run.pre-images-expired', actor, { preImagesGoneAt: now(), ...(row.next === `nexus rollback ${row.id}` ? { next: null } : {}) }, { bytes: kept.bytes })
      await this.#carefully(kept.run, () => changes.dropBackups(kept.run))
    }
    return freed
  }

  #mayLosePreImages(row: RunRow, { tooMany }: KeptPreImages, by: GcOrder['by']): boolean {
    const { ledger, now } = this.#parts
    const at = preImagesGoAt(by === 'person' && !tooMany ? { ...row, preImagesNoticeAt: null } : row, tooMany, this.#rules)
    if (at === null || at > now() || (by === 'daemon' && row.preImagesNoticeAt === null)) return false
    return ledger.isAtRest(row)
  }
}

function total(pieces: readonly { readonly bytes: number }[]): { count: number; bytes: number } {
  return { count: pieces.length, bytes: pieces.reduce((sum, { bytes }) => sum + bytes, 0) }
}
