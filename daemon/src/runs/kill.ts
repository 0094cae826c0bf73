/** The kill switch: a latch. Everything that runs ends, what is queued is discarded, new runs are refused until release. */
import { eq } from 'drizzle-orm'
import { Problem } from '@nexus/protocol/problem'
import type { State } from '../state/state.ts'
import type { Ledger } from './ledger.ts'
import type { LiveRuns } from './live.ts'
import { latches } from './runs.sql.ts'

const LATCH = 'killed'
/** Processes are dead within milliseconds; sealing their layers may take longer and is not waited for. */
const PATIENCE_MS = 900

export class KillSwitch {
  readonly #state: State
  readonly #ledger: Ledger
  readonly #live: LiveRuns

  constructor(state: State, ledger: Ledger, live: LiveRuns) {
    this.#state = state
    this.#ledger = ledger
    this.#live = live
  }

  get isOn(): boolean {
    return this.#state.db.select().from(latches).where(eq(latches.name, LATCH)).get()?.on ?? false
  }

  /** Throws Problem `killed` while the switch is on. */
  requireOff(): void {
    if (this.isOn) throw new Problem('killed')
  }

  async press(actor: string): Promise<{ stopped: string[]; discarded: string[] }> {
    // The latch first: a run that starts meanwhile meets it.
    this.#set(true, 'system.killed', actor)
    const queued = new Set(this.#ledger.inStatus('queued').map(({ id }) => id))
    const ids = this.#live.ids()
    const ends = ids.map((id) => this.#live.get(id)?.launch?.ended)
    for (const id of ids) this.#live.end(id, 'killed')
    await Promise.race([Promise.all(ends), new Promise((resolve) => setTimeout(resolve, PATIENCE_MS).unref())])
    return { stopped: ids.filter((id) => !queued.has(id)), discarded: ids.filter((id) => queued.has(id)) }
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
