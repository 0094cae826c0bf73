/** What somebody does who stands beside a run: read what it prints, type into it, stop it. */
import { Problem } from '@nexus/protocol/problem'
import type { Receipt } from '@nexus/protocol/receipt'
import type { Run } from '@nexus/protocol/runs'
import type { Output } from '@nexus/protocol/run-output'
import type { Launch } from '../sandbox/launch.ts'
import type { State } from '../state/state.ts'
import { endAll } from './ending.ts'
import type { Ledger } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { readOutput } from './output.ts'
import type { Receipts } from './receipt.ts'

export interface OutputFrom {
  readonly after: number
  readonly setsPace: boolean
  readonly tailBytes?: number | undefined
  readonly follow: boolean
}

export class Beside {
  readonly #state: State
  readonly #ledger: Ledger
  readonly #live: LiveRuns
  readonly #receipts: Receipts

  constructor(state: State, ledger: Ledger, live: LiveRuns, receipts: Receipts) {
    this.#state = state
    this.#ledger = ledger
    this.#live = live
    this.#receipts = receipts
  }

  async *output(id: string, { after, setsPace, tailBytes, follow }: OutputFrom, signal: AbortSignal | undefined): AsyncGenerator<Output> {
    const running = this.#live.get(id)
    const stored = running ? undefined : this.#ledger.details(id).output
    if (running) {
      const { endAt } = running.recorder
      const from = tailBytes === undefined ? after : Math.max(after, endAt - tailBytes)
      if (!follow && from >= endAt) return
      for await (const piece of running.recorder.follow(from, signal, setsPace)) {
        yield piece
        if (!follow && piece.at >= endAt) return
      }
    }
    if (stored) yield* readOutput(this.#state.blobs.pathOf(stored), after, signal)
    await this.#ledger.settled(id, signal)
    yield { type: 'end', status: this.#ledger.row(id).status }
  }

  async input(id: string, data: Uint8Array, end: boolean): Promise<void> {
    const launch = await this.#launched(id, 'given input')
    if (data.length > 0) await launch.write(data)
    if (end) launch.endInput()
  }

  async resize(id: string, rows: number, cols: number): Promise<void> {
    (await this.#launched(id, 'resized')).resize(rows, cols)
  }

  /** Also what only its check is left of. */
  async kill(id: string, reason: 'killed' | 'interrupted', actor: string): Promise<{ run: Run; receipt: Receipt }> {
    const { status } = this.#ledger.row(id)
    const isWaiting = status === 'waiting'
    const ended = endAll(this.#live, { of: id, queued: new Set(status === 'queued' ? [id] : []), reason })
    if (isWaiting) this.#ledger.move(id, { to: 'discarded', event: 'run.discarded', actor, action: 'killed', fields: { endReason: reason, next: null } })
    else if (ended.endings().length === 0) throw new Problem('wrong-status', { run: id, status, action: 'killed' })
    await this.#ledger.settled(id, undefined)
    await Promise.all(ended.over)
    return { run: this.#ledger.run(id), receipt: this.#receipts.of(isWaiting ? [{ id, was: 'queued', end: {} }] : ended.endings()) }
  }

  /** Asks first; what does not end within `patienceMs` is ended. */
  async stop(id: string, patienceMs: number, actor: string): Promise<Run> {
    const { status } = this.#ledger.row(id)
    // What has not begun has nothing to tidy up.
    if (status === 'waiting' || status === 'queued') return (await this.kill(id, 'killed', actor)).run
    this.#live.launchOf(id, status, 'stopped').terminate()
    this.#ledger.note(id, 'run.stop-asked', actor, {})
    await this.#ledger.settled(id, AbortSignal.timeout(patienceMs))
    this.#live.end(id, 'killed')
    await this.#ledger.settled(id, undefined)
    return this.#ledger.run(id)
  }

  /** A queued run takes input as soon as it runs. */
  async #launched(id: string, action: string): Promise<Launch> {
    while (this.#live.get(id) && !this.#live.get(id)?.launch) await this.#ledger.changed()
    return this.#live.launchOf(id, this.#ledger.row(id).status, action)
  }
}
