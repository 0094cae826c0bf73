/** What an apply would meet on the host now, and a change set in which that is settled, to be approved by its digest. */
import type { ConflictReport, ConflictsRequest, Merged, MergeRequest } from '@nexus/protocol/runs'
import { Problem } from '@nexus/protocol/problem'
import type { Changes, MergeOrder } from '../changes/changes.ts'
import type { Ledger } from './ledger.ts'
import { mergedIn } from './seal.ts'
import { appliableIn, leftToApply, select, undertake, type Undertaking } from './undertaking.ts'

export class Conflicts {
  readonly #ledger: Ledger
  readonly #changes: Changes
  readonly #now: () => number

  constructor(ledger: Ledger, changes: Changes, now: () => number) {
    this.#ledger = ledger
    this.#changes = changes
    this.#now = now
  }

  async report(id: string, { paths, patches, withParents }: Pick<ConflictsRequest, 'paths' | 'patches' | 'withParents'>): Promise<ConflictReport> {
    const { order, of } = await this.#order(id, { paths, withParents }, { choices: [], merges: false, skipRest: false, patches })
    const { conflicts } = await this.#changes.propose(order)
    // Several runs are applied as a whole: nothing of them is left for later.
    const open = of.below.length === 0 ? conflicts : conflicts.map((conflict) => ({ ...conflict, choices: conflict.choices.filter((choice) => choice !== 'skip') }))
    return { run: id, digest: of.digest, conflicts: [...open] }
  }

  async merge(id: string, { paths, choices, merges, skipRest, withParents }: Pick<MergeRequest, 'paths' | 'choices' | 'merges' | 'skipRest' | 'withParents'>, actor: string): Promise<Merged> {
    const { order, of } = await this.#order(id, { paths, withParents }, { choices, merges, skipRest, patches: true })
    const isPart = paths.length > 0 || skipRest || choices.some(({ choice }) => choice === 'skip')
    if (of.below.length > 0 && isPart) throw new Problem('bad-request', { what: 'several runs are applied as a whole: every conflict is settled, none is skipped' })
    const { digest, merged, taken, kept, ...proposal } = await this.#changes.propose(order)
    const changes = [...proposal.changes]
    if (digest !== null) {
      // Somebody may have applied or discarded the run while the host was being looked at.
      appliableIn(this.#ledger, id)
      const payload = { merged: digest, paths: changes.length, resolved: proposal.resolved }
      const below = of.below.map((row) => row.id)
      this.#ledger.note(id, 'run.merged', actor, {}, payload, { proposal: { digest, changes, named: order.named, merged, taken, kept, ...(below.length > 0 ? { withParents: below } : {}) } })
    }
    return { run: id, digest, changes, resolved: [...proposal.resolved], conflicts: [...proposal.conflicts], patch: proposal.patch }
  }

  async #order(id: string, { paths, withParents }: Pick<MergeRequest, 'paths' | 'withParents'>, how: Pick<MergeOrder, 'choices' | 'merges' | 'skipRest' | 'patches'>): Promise<{ order: MergeOrder; of: Undertaking }> {
    const of = await undertake(this.#ledger, this.#changes, id, withParents)
    const { layer, changes, digest, ground, below } = of
    const selected = below.length > 0 ? select(id, changes, paths) : leftToApply(this.#ledger, id, paths)
    return { of, order: { ground, changeSet: { changes, digest }, selected, named: paths.length > 0, folder: mergedIn(layer), nowMs: this.#now(), ...how } }
  }
}
