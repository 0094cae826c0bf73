/**
 * What a project and the runs over it are, in the plainest words there are: maps from path to content. A run remembers
 * what it wrote; what it shows is that over what it stands on, over the host. Shares nothing with the product.
 */
export type Tree = Map<string, string>
/** null: deleted. */
export type Edits = Map<string, string | null>

export type Edit = { readonly do: 'write'; readonly path: string; readonly text: string } | { readonly do: 'remove'; readonly path: string } | { readonly do: 'move'; readonly path: string; readonly to: string }

export interface ModelRun {
  readonly name: string
  readonly parent: ModelRun | undefined
  readonly script: readonly Edit[]
  /** What it left. */
  readonly tree: Tree
  readonly edits: Edits
  /** path -> what the run saw. */
  readonly saw: Map<string, string | undefined>
  status: 'kept' | 'unchanged' | 'applied' | 'rolled-back' | 'stale' | 'discarded'
  /** Paths that are on the host. */
  applied: Set<string>
  staleBy: ModelRun | undefined
  leader: ModelRun | undefined
  /** What its applies did to the host, and what they found: the oldest finding counts. */
  done: Map<string, { found: string | undefined; left: string | undefined }>
}

export class StackModel {
  readonly host: Tree
  readonly runs: ModelRun[] = []

  readonly #isCopy: boolean

  /** Through an overlay what nobody wrote is the host's as it is now; a copy stays as it was. */
  constructor(host: Tree, isCopy: boolean) {
    this.host = host
    this.#isCopy = isCopy
  }

  run(name: string, script: readonly Edit[], parent: ModelRun | undefined, turn: string): ModelRun {
    const saw = this.view(parent)
    const tree = new Map(saw)
    for (const edit of script) {
      if (edit.do === 'write') tree.set(edit.path, `${edit.text}-${turn}`)
      else if (edit.do === 'remove') tree.delete(edit.path)
      else if (tree.has(edit.path)) {
        tree.set(edit.to, tree.get(edit.path) ?? '')
        tree.delete(edit.path)
      }
    }
    const changed = [...new Set([...saw.keys(), ...tree.keys()])].filter((path) => saw.get(path) !== tree.get(path))
    const run: ModelRun = {
      name, parent, script, tree, edits: new Map(changed.map((path) => [path, tree.get(path) ?? null])), saw: new Map(changed.map((path) => [path, saw.get(path)])),
      status: changed.length > 0 ? 'kept' : 'unchanged', applied: new Set(), staleBy: undefined, leader: undefined, done: new Map(),
    }
    this.runs.push(run)
    return run
  }

  view(run: ModelRun | undefined): Tree {
    if (run && this.#isCopy) return new Map(run.tree)
    const tree = run ? this.view(run.parent) : new Map(this.host)
    for (const [path, text] of run?.edits ?? []) text === null ? tree.delete(path) : tree.set(path, text)
    return tree
  }

  isWhole(run: ModelRun): boolean {
    return run.status === 'applied' && [...run.edits.keys()].every((path) => run.applied.has(path))
  }

  /** Nearest the host first. */
  pending(run: ModelRun): ModelRun[] {
    const { parent } = run
    return !parent || this.isWhole(parent) ? [] : [...this.pending(parent), ...(parent.status === 'unchanged' ? [] : [parent])]
  }

  above(run: ModelRun): ModelRun[] {
    return this.runs.filter(({ parent, status }) => parent === run && status !== 'discarded').flatMap((child) => [child, ...this.above(child)])
  }

  /** May it be stood upon? */
  isGround(run: ModelRun): boolean {
    return ['kept', 'unchanged', 'rolled-back'].includes(run.status) || this.isWhole(run)
  }

  /** `conflict`: the host is not what was seen, and nothing happens. */
  apply(run: ModelRun, paths: readonly string[] | 'all', withParents: boolean): 'done' | 'conflict' | 'refused' {
    if (run.status === 'unchanged' && !withParents) return 'done'
    if (!['kept', 'applied', 'rolled-back'].includes(run.status)) return 'refused'
    const below = this.pending(run)
    if (below.length > 0 && !withParents) return 'refused'
    const together = [...below, run]
    const first = new Map<string, string | undefined>()
    const last = new Map<string, string | undefined>()
    for (const { edits, saw } of together) {
      for (const [path, text] of edits) {
        if (!first.has(path)) first.set(path, saw.get(path))
        last.set(path, text ?? undefined)
      }
    }
    const wanted = [...last].filter(([path, text]) => first.get(path) !== text && (below.length > 0 || ((paths === 'all' || paths.includes(path)) && !run.applied.has(path))))
    const open = wanted.filter(([path, text]) => this.host.get(path) !== text)
    if (open.some(([path]) => this.host.get(path) !== first.get(path))) return 'conflict'
    if (wanted.length === 0 && below.length === 0) return 'done'
    for (const [path, text] of open) {
      run.done.set(path, { found: run.done.has(path) ? run.done.get(path)?.found : this.host.get(path), left: text })
      this.put(path, text)
    }
    for (const one of together) {
      one.status = 'applied'
      one.applied = new Set([...one.applied, ...(below.length > 0 ? one.edits.keys() : wanted.map(([path]) => path))])
      if (one !== run) one.leader = run
    }
    for (const one of together) this.#tell(one, new Set(together))
    return 'done'
  }

  rollback(run: ModelRun): 'done' | 'conflict' | 'refused' {
    if (run.status !== 'applied' || run.leader) return 'refused'
    const together = new Set([run, ...this.runs.filter(({ leader }) => leader === run)])
    for (const one of together) if (this.runs.some((child) => child.parent === one && !together.has(child) && child.status === 'applied')) return 'refused'
    const open = [...run.done].filter(([path, { found }]) => this.host.get(path) !== found)
    if (open.some(([path, { left }]) => this.host.get(path) !== left)) return 'conflict'
    for (const [path, { found }] of open) this.put(path, found)
    for (const one of together) Object.assign(one, { status: 'rolled-back', applied: new Set(), leader: undefined, done: new Map() })
    for (const one of together) this.#tell(one, together)
    return 'done'
  }

  discard(run: ModelRun, cascade: boolean): 'done' | 'refused' {
    if (!['kept', 'unchanged', 'rolled-back', 'stale'].includes(run.status)) return 'refused'
    const above = this.above(run)
    if (above.length > 0 && !cascade) return 'refused'
    for (const one of [run, ...above]) one.status = 'discarded'
    return 'done'
  }

  /** What a repetition stands on; 'refused' when that has to be repeated first. */
  groundFor({ parent }: ModelRun, repetitions: ReadonlyMap<ModelRun, ModelRun>): ModelRun | undefined | 'refused' {
    if (!parent || parent.status === 'applied') return undefined
    let now = parent
    for (let next = repetitions.get(now); now.status === 'stale' && next; next = repetitions.get(now)) now = next
    if (now.status === 'applied') return undefined
    return this.isGround(now) ? now : 'refused'
  }

  supersede(old: ModelRun): void {
    if (old.status === 'stale') old.staleBy = undefined
    if (old.status !== 'kept' && old.status !== 'unchanged') return
    old.status = 'stale'
    for (const one of this.above(old)) this.#age(one, old)
  }

  put(path: string, text: string | undefined): void {
    text === undefined ? this.host.delete(path) : this.host.set(path, text)
  }

  #tell(run: ModelRun, together: ReadonlySet<ModelRun>): void {
    const isPart = run.status === 'applied' && !this.isWhole(run)
    for (const one of this.above(run)) {
      if (together.has(one)) continue
      if (isPart) this.#age(one, run)
      else if (one.status === 'stale' && one.staleBy === run) Object.assign(one, { status: one.edits.size > 0 ? 'kept' : 'unchanged', staleBy: undefined })
    }
  }

  #age(run: ModelRun, by: ModelRun): void {
    if (['kept', 'unchanged', 'rolled-back'].includes(run.status)) Object.assign(run, { status: 'stale', staleBy: by })
  }
}
