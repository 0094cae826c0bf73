/** What an apply would meet on the host now, and a change set in which that is settled, to be approved by its digest. */
import type { ConflictReport, Merged, MergeRequest } from '@nexus/protocol/runs'
import type { Bytes } from '@nexus/protocol/bytes'
import type { Changes, MergeOrder } from '../changes/changes.ts'
import { appliableIn, leftToApply } from './decide.ts'
import type { Ledger } from './ledger.ts'
import { groundOf, mergedIn } from './seal.ts'

export class Conflicts {
  readonly #ledger: Ledger
  readonly #changes: Changes
  readonly #now: () => number

  constructor(ledger: Ledger, changes: Changes, now: () => number) {
    this.#ledger = ledger
    this.#changes = changes
    this.#now = now
  }

  async report(id: string, paths: readonly Bytes[], patches: boolean): Promise<ConflictReport> {
    const { conflicts } = await this.#changes.propose(this.#order(id, paths, { choices: [], merges: false, skipRest: false, patches }))
    return { run: id, digest: this.#ledger.row(id).digest, conflicts: [...conflicts] }
  }

  async merge(id: string, { paths, choices, merges, skipRest }: Pick<MergeRequest, 'paths' | 'choices' | 'merges' | 'skipRest'>, actor: string): Promise<Merged> {
    const order = this.#order(id, paths, { choices, merges, skipRest, patches: true })
    const { digest, merged, taken, kept, ...proposal } = await this.#changes.propose(order)
    const changes = [...proposal.changes]
    if (digest !== null) {
      // Somebody may have applied or discarded the run while the host was being looked at.
      appliableIn(this.#ledger, id)
      const payload = { merged: digest, paths: changes.length, resolved: proposal.resolved }
      this.#ledger.note(id, 'run.merged', actor, {}, payload, { proposal: { digest, changes, named: order.named, merged, taken, kept } })
    }
    return { run: id, digest, changes, resolved: [...proposal.resolved], conflicts: [...proposal.conflicts], patch: proposal.patch }
  }

  #order(id: string, paths: readonly Bytes[], how: Pick<MergeOrder, 'choices' | 'merges' | 'skipRest' | 'patches'>): MergeOrder {
    const { row, layer, changes, digest } = appliableIn(this.#ledger, id)
    const selected = leftToApply(this.#ledger, id, paths)
    return { ground: groundOf(row, layer), changeSet: { changes, digest }, selected, named: paths.length > 0, folder: mergedIn(layer), nowMs: this.#now(), ...how }
  }
}
