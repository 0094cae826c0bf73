/** A git repository moves as one: half of a commit is no commit. What that brings along, every client tells before it applies. */
import type { Bytes } from './bytes.ts'
import { keyOf, type PathKey } from './path-key.ts'

interface Placed {
  readonly path: Bytes
  readonly from?: Bytes | undefined
  readonly flags?: readonly string[]
}

/** The changes that come along with the chosen ones (indices) because they lie in the same `.git`, in their order. */
export function companionsOf(changes: readonly Placed[], chosen: ReadonlySet<number>): number[] {
  const moved = new Set([...chosen].flatMap((at) => (changes[at] ? repositoriesOf(changes[at]) : [])))
  if (moved.size === 0) return []
  // The socket of git's own daemon is never applied: it does not come along either.
  return [...changes.keys()].filter((at) => !chosen.has(at) && changes[at] !== undefined && !changes[at].flags?.includes('special') && repositoriesOf(changes[at]).some((repository) => moved.has(repository)))
}

function repositoriesOf({ path, from }: Placed): PathKey[] {
  return [path, ...(from === undefined ? [] : [from])].flatMap((end) => repositoryOf(keyOf(end)) ?? [])
}

/** The `.git` that a path belongs to, null outside any. */
export function repositoryOf(path: PathKey): PathKey | null {
  const names = path.split('/')
  const at = names.indexOf('.git')
  return at < 0 ? null : names.slice(0, at + 1).join('/')
}
