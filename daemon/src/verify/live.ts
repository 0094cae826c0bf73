/** A verification as it goes; whoever follows it sees every new state or a later one. */
import type { Verification, VerifyCheck } from '@nexus/protocol/verify'
import { Bell, untilRung } from '../base/bell.ts'

export class Live {
  now: Verification
  isStopped = false
  ended: Promise<void> = Promise.resolve()
  readonly #bell = new Bell()

  constructor(first: Verification) {
    this.now = first
  }

  tell(at: number, news: Partial<VerifyCheck>): void {
    this.now = { ...this.now, checks: this.now.checks.map((check, index) => (index === at ? { ...check, ...news } : check)) }
    this.#bell.ring()
  }

  end(at: number): void {
    const passed = this.now.checks.every(({ status }) => status === 'passed')
    this.now = { ...this.now, status: passed ? 'passed' : this.isStopped ? 'stopped' : 'failed', durationMs: at - this.now.startedAt }
    this.#bell.ring()
  }

  async *follow(signal: AbortSignal | undefined): AsyncGenerator<Verification> {
    let told: Verification | undefined
    while (!signal?.aborted) {
      const rung = this.#bell.next()
      if (this.now !== told) {
        told = this.now
        yield told
        if (told.status !== 'running') return
      } else await untilRung(rung, signal)
    }
  }
}
