/** A selection that can stand alone: what a selected change needs comes along. */
import type { Change } from '@nexus/protocol/changes'
import { isBelow, parentOf, pathOf, type BytePath } from './byte-path.ts'
import { repositoryOf } from './git.ts'

/**
 * Brings the directories that a new path needs, what lies in a directory that goes, and the whole `.git` of a
 * selected path of one. In the order of `changes`.
 */
export function completeSelection(changes: readonly Change[], selected: readonly Change[]): Change[] {
  const index = new Index(changes)
  const chosen = new Set<Change>()
  const open: Change[] = selected.flatMap((change) => index.at(pathOf(change.path)) ?? [])
  for (let change = open.pop(); change; change = open.pop()) {
    if (chosen.has(change)) continue
    chosen.add(change)
    open.push(...index.needs(change))
  }
  return changes.filter((change) => chosen.has(change))
}

class Index {
  readonly #byPath = new Map<BytePath, Change>()
  readonly #goneBelow: { readonly path: BytePath; readonly change: Change }[] = []
  readonly #byRepository = new Map<BytePath, Change[]>()

  constructor(changes: readonly Change[]) {
    for (const change of changes) {
      const path = pathOf(change.path)
      this.#byPath.set(path, change)
      const gone = change.from === undefined ? (change.before && !change.after ? path : change.kind === 'type' ? path : null) : pathOf(change.from)
      if (gone !== null) this.#goneBelow.push({ path: gone, change })
      // A socket that git's own daemon left there must not hold up the rest.
      if (change.flags.includes('special')) continue
      for (const end of change.from === undefined ? [path] : [path, pathOf(change.from)]) {
        const repository = repositoryOf(end)
        if (repository === null) continue
        const group = this.#byRepository.get(repository)
        if (group) group.push(change)
        else this.#byRepository.set(repository, [change])
      }
    }
    this.#goneBelow.sort((a, b) => (a.path < b.path ? -1 : 1))
  }

  at(path: BytePath): Change | undefined {
    return this.#byPath.get(path)
  }

  needs(change: Change): Change[] {
    const path = pathOf(change.path)
    const needed: Change[] = []
    if (change.after) {
      for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) {
        const above = this.#byPath.get(folder)
        if (above?.after?.type === 'directory' && above.before?.type !== 'directory') needed.push(above)
      }
    }
    if (change.before?.type === 'directory' && change.after?.type !== 'directory') needed.push(...this.#below(path))
    for (const end of change.from === undefined ? [path] : [path, pathOf(change.from)]) {
      const repository = repositoryOf(end)
      if (repository !== null) needed.push(...(this.#byRepository.get(repository) ?? []))
    }
    return needed
  }

  /** Sorted by path, everything below a directory lies in one stretch that begins at `path/`. */
  #below(path: BytePath): Change[] {
    const prefix = `${path}/`
    let low = 0
    let high = this.#goneBelow.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#goneBelow[middle]?.path ?? '') < prefix) low = middle + 1
      else high = middle
    }
    const found: Change[] = []
    for (let entry = this.#goneBelow[low]; entry && isBelow(entry.path, path); entry = this.#goneBelow[++low]) found.push(entry.change)
    return found
  }
}
