/** Seals a layer: what changed, what was left outside, and the digest that an approval will name. */
import { countChanges } from '@nexus/protocol/change-flags'
import type { Outside } from '@nexus/protocol/changes'
import type { Changes, ChangeSet, Ground } from '../changes/changes.ts'
import type { Layer } from '../sandbox/layer.ts'
import type { Sandbox } from '../sandbox/sandbox.ts'
import type { Ledger, RunDetails, RunRow } from './ledger.ts'

export interface Sealed {
  readonly changeSet: ChangeSet
  readonly outside: Outside[]
}

export class Sealer {
  readonly #sandbox: Sandbox
  readonly #changes: Changes

  constructor(sandbox: Sandbox, changes: Changes) {
    this.#sandbox = sandbox
    this.#changes = changes
  }

  async seal(row: RunRow, layer: Layer): Promise<Sealed> {
    const [changeSet, outside] = await Promise.all([this.#changes.survey(groundOf(row, layer)), this.#sandbox.outside(layer)])
    return { changeSet, outside }
  }
}

export function layerOf(row: RunRow): Layer | null {
  if (row.layer === null) return null
  return { run: row.id, folder: row.layer, backend: row.backend, project: row.project, upper: `${row.layer}/upper`, parents: row.parents, xattrs: row.xattrs }
}

export function groundOf(row: RunRow, layer: Layer): Ground {
  return {
    project: row.project, backend: row.backend, upper: layer.upper, parents: layer.parents, xattrs: layer.xattrs,
    startedAtNs: BigInt(row.startedAt ?? row.createdAt) * 1_000_000n, before: [beforeIn(layer)],
  }
}

/** Goes with the layer: without the layer there is nothing to merge. */
export function beforeIn(layer: Layer): string {
  return `${layer.folder}/before`
}

/** Merged contents that wait to be approved. */
export function mergedIn(layer: Layer): string {
  return `${layer.folder}/merged`
}

/** The columns that a sealed change set fills; what was decided about an older one is void. */
export function sealedFields({ changeSet, outside }: Sealed): { fields: Parameters<Ledger['note']>[3]; details: Pick<RunDetails, 'changes' | 'outside' | 'conflicts' | 'keptPaths' | 'proposal'> } {
  return { fields: { counts: countChanges(changeSet.changes), digest: changeSet.digest }, details: { changes: [...changeSet.changes], outside, conflicts: [], keptPaths: null, proposal: null } }
}
