/** The kill switch: a latch. Everything that runs ends, what is queued is discarded, new runs are refused until release. */
import { eq } from 'drizzle-orm'
import { Problem } from '@nexus/protocol/problem'
import type { Receipt } from '@nexus/protocol/receipt'
import type { State } from '../state/state.ts'
import type { Ledger } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { endAll } from './ending.ts'
import type { Receipts } from './receipt.ts'
import { latches } from './runs.sql.ts'

const LATCH = 'killed'
/** Processes are dead within milliseconds; sealing their layers may take longer and is not waited for. */
const PATIENCE_MS = 900

export class KillSwitch {
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

  get isOn(): boolean {
    return this.#state.db.select().from(latches).where(eq(latches.name, LATCH)).get()?.on ?? false
  }

  /** Throws Problem `killed` while the switch is on. */
  requireOff(): void {
    if (this.isOn) throw new Problem('killed')
  }

  /** What is being applied or rolled back comes to its end, all of it or nothing: it is waited for a moment. */
  async press(actor: string): Promise<{ stopped: string[]; discarded: string[]; receipt: Receipt }> {
    // The latch first: a run that starts meanwhile meets it.
    this.#set(true, 'system.killed', actor)
    const queued = new Set(this.#ledger.inStatus('queued').map(({ id }) => id))
    const patience = AbortSignal.timeout(PATIENCE_MS)
    const ended = endAll(this.#live, { queued, reason: 'killed' })
    const writing = this.#ledger.inStatus('applying', 'rolling-back').map(({ id }) => this.#ledger.settled(id, patience))
    await Promise.race([Promise.all([...ended.over, ...writing]), new Promise((resolve) => patience.addEventListener('abort', resolve))])
    const receipt = this.#receipts.of(ended.endings())
    return { stopped: receipt.runs.filter(({ was }) => was !== 'queued').map(({ id }) => id), discarded: receipt.runs.filter(({ was }) => was === 'queued').map(({ id }) => id), receipt }
  }

  release(actor: string): void {
    this.#set(false, 'system.released', actor)
  }

  #set(on: boolean, type: string, actor: string): void {
    this.#state.record({ type, actor, subject: 'system', payload: { on } }, (db) => {
      db.insert(latches).values({ name: LATCH, on }).onConflictDoUpdate({ target: latches.name, set: { on } }).run()
    }, { durable: true })
  }
}
