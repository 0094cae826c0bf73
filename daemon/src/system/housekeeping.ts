/** The daemon's own round: announces what goes soon and deletes what was announced long enough ago. Only when nothing runs. */
import type { Log } from '../base/log.ts'
import type { Litter } from '../runs/garbage.ts'
import type { Retention } from '../runs/retention.ts'

export interface HousekeepingParts {
  /** What the start found: removed at once, while others are served. */
  readonly litter: readonly Litter[]
  readonly retention: Pick<Retention, 'announce' | 'collect'>
  readonly isIdle: () => boolean
  readonly log: Pick<Log, 'error' | 'info'>
  readonly rhythm?: Rhythm
}

export interface Rhythm {
  /** Soon, so that what a crash left goes; not at once, so that whoever started the daemon is served first. */
  readonly firstAfterMs: number
  readonly everyMs: number
  /** When it was busy. */
  readonly againAfterMs: number
}

const RHYTHM: Rhythm = { firstAfterMs: 5_000, everyMs: 3600_000, againAfterMs: 60_000 }

export class Housekeeping implements AsyncDisposable {
  readonly #parts: HousekeepingParts
  readonly #rhythm: Rhythm
  readonly #stop = new AbortController()
  #timer: NodeJS.Timeout | undefined
  #round: Promise<void> = Promise.resolve()

  constructor(parts: HousekeepingParts) {
    this.#parts = parts
    this.#rhythm = parts.rhythm ?? RHYTHM
    this.#round = this.#clear().then(() => this.#wait(this.#rhythm.firstAfterMs))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    clearTimeout(this.#timer)
    await this.#round
  }

  #wait(milliseconds: number): void {
    if (this.#stop.signal.aborted) return
    this.#timer = setTimeout(() => { this.#round = this.#begin() }, milliseconds)
    this.#timer.unref()
  }

  async #clear(): Promise<void> {
    for (const { path, remove } of this.#parts.litter) {
      if (this.#stop.signal.aborted) return
      // What cannot be removed now is found again at the next start.
      await remove().catch((error: unknown) => this.#parts.log.error({ err: error, path }, 'what nobody owns could not be removed'))
    }
  }

  async #begin(): Promise<void> {
    const { isIdle, log } = this.#parts
    try {
      if (!isIdle()) return this.#wait(this.#rhythm.againAfterMs)
      await this.#tidy()
    } catch (error) {
      log.error({ err: error }, 'housekeeping failed')
    }
    this.#wait(this.#rhythm.everyMs)
  }

  async #tidy(): Promise<void> {
    const { retention, log } = this.#parts
    await retention.announce()
    const { layers, backups, blobs, litter, freedBytes } = await retention.collect({ dryRun: false, actor: 'daemon', by: 'daemon', signal: this.#stop.signal })
    const count = layers.length + backups.length + blobs.count + litter.count
    if (count > 0) log.info({ layers: layers.length, backups: backups.length, blobs: blobs.count, litter: litter.count, freedBytes }, 'tidied up')
  }
}
