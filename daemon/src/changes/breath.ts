/** Long work lets the daemon's other work in every few milliseconds, and ends when nobody wants it any more. */
import { setImmediate as nextTurn } from 'node:timers/promises'

const WORK_MS = 5

export class Breath {
  readonly #signal: AbortSignal | undefined
  #since = performance.now()

  constructor(signal?: AbortSignal) {
    this.#signal = signal
  }

  get isDue(): boolean {
    return performance.now() - this.#since >= WORK_MS
  }

  async take(): Promise<void> {
    if (!this.isDue) return
    await nextTurn()
    this.#signal?.throwIfAborted()
    this.#since = performance.now()
  }
}
