/** The layers of a project as they stand on one another, with what a person may do with each. */
import type { LayerNode, Layers, LayersRequest, LayersService } from '@nexus/protocol/layers'
import type { Ledger, RunRow } from './ledger.ts'
import { sizeOf } from './size.ts'
import { isWhole, pendingBelow } from './stack.ts'
import type { Runs } from './runs.ts'

export class LayerTree implements LayersService {
  readonly #ledger: Ledger
  readonly #runs: Pick<Runs, 'find' | 'projectOf'>

  constructor(ledger: Ledger, runs: Pick<Runs, 'find' | 'projectOf'>) {
    this.#ledger = ledger
    this.#runs = runs
  }

  async list(request: LayersRequest): Promise<Layers> {
    const run = request.run === undefined ? undefined : this.#ledger.row(this.#runs.find({ ...request, run: request.run }))
    const project = run?.project ?? this.#runs.projectOf(request)
    const standing = new Map(this.#ledger.standing(project).map((row) => [row.id, row]))
    const above = Map.groupBy(standing.values(), groundOf)
    const trees = [...standing.values()].filter((row) => !standing.has(groundOf(row) ?? '')).map((root) => treeOf(root, above))
    const wanted = trees.filter((tree) => (run ? tree.some(({ row }) => row.id === run.id) : request.all || tree.length > 1 || tree.some(({ row }) => !isDecided(row))))
    const layers: LayerNode[] = []
    for (const { row, depth } of wanted.flat()) layers.push(await this.#nodeOf(row, depth, request.sizes))
    return { project, layers }
  }

  async #nodeOf(row: RunRow, depth: number, withSize: boolean): Promise<LayerNode> {
    const { id, command, status, endReason, exitCode, signal, createdAt, counts, digest, backend, layer } = row
    const ground = groundOf(row)
    const next = this.#nextOf(row)
    return {
      id, command, status, exitCode, signal, createdAt, counts, digest, backend, depth, isApplied: isWhole(this.#ledger, row), bytes: withSize && layer !== null ? await sizeOf(layer) : null,
      ...(endReason ? { endReason } : {}), ...(ground === null ? {} : { parent: ground }), ...(next === null ? {} : { next }),
    }
  }

  #nextOf(row: RunRow): string | null {
    const { id, status } = row
    switch (status) {
      case 'kept': case 'rolled-back': return `nexus apply ${id}${pendingBelow(this.#ledger, row).length > 0 ? ' --with-parents' : ''}`
      case 'unchanged': return `nexus run --on ${id} -- CMD`
      case 'failed': return `nexus show ${id}`
      case 'applied': return this.#ledger.childrenOf(id).some((child) => child.status === 'applied') ? null : isWhole(this.#ledger, row) ? `nexus rollback ${row.appliedWith ?? id}` : row.next
      case 'queued': case 'waiting': case 'running': case 'applying': case 'rolling-back': case 'discarded': case 'refused': case 'stale': return row.next
    }
  }
}

interface Placed {
  readonly row: RunRow
  readonly depth: number
}

/** Each before what stands on it. */
function treeOf(row: RunRow, above: ReadonlyMap<string | null, readonly RunRow[]>, depth = 0): Placed[] {
  return [{ row, depth }, ...(above.get(row.id) ?? []).flatMap((child) => treeOf(child, above, depth + 1))]
}

/** The run that it stands on; null: the host. */
function groundOf({ parent, parents }: RunRow): string | null {
  return parents.length > 0 ? parent : null
}

/** Standing alone, it asks nothing of anybody. */
function isDecided({ status }: RunRow): boolean {
  return ['unchanged', 'applied', 'rolled-back'].includes(status)
}
