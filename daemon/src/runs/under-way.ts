/** The applies and rollbacks that are under way now, and how far each is. Nothing here is a record: it goes with the work. */
import type { Progress } from '@nexus/protocol/run-output'
import { Bell, untilRung } from '../base/bell.ts'

export class UnderWay {
  readonly #works = new Map<string, { progress: Progress | null }>()
  readonly #bell = new Bell()

  /** Does the work; what it reports is seen by everybody who follows that run. */
  async while<Result>(run: string, work: (report: (progress: Progress) => void) => Promise<Result>): Promise<Result> {
    const here: { progress: Progress | null } = { progress: null }
    this.#works.set(run, here)
    try {
      return await work((progress) => {
        here.progress = progress
        this.#bell.ring()
      })
    } finally {
      if (this.#works.get(run) === here) this.#works.delete(run)
      this.#bell.ring()
    }
  }

  /** Ends with the work; at once when there is none. A slow reader misses steps, never the end. */
  async *follow(run: string, signal: AbortSignal | undefined): AsyncGenerator<Progress> {
    let told: Progress | null = null
    while (!signal?.aborted) {
      const rung = this.#bell.next()
      const work = this.#works.get(run)
      if (!work) return
      if (work.progress && work.progress !== told) {
        told = work.progress
        yield told
      } else await untilRung(rung, signal)
    }
  }
}
