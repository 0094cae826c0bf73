/** Which changes are chosen for an apply, by index. Flagged paths are chosen one by one, each by its own name, or not at all. */
import type { Bytes } from '@nexus/protocol/bytes'
import { isBlocking } from '@nexus/protocol/change-flags'
import type { Run } from '@nexus/protocol/runs'
import { keyOf } from '@nexus/protocol/path-key'

export type Choice = ReadonlySet<number>
type Reviewed = Pick<Run, 'changes' | 'appliedPaths' | 'keptPaths' | 'status'>

/** What can still be applied: everything but what is on the host already, or was left to the host for good. */
export function openChanges({ changes, appliedPaths, keptPaths = [], status }: Reviewed): number[] {
  const done = new Set([...(status === 'applied' ? appliedPaths : []), ...keptPaths].map(keyOf))
  return [...changes.keys()].filter((at) => changes[at] !== undefined && !done.has(keyOf(changes[at].path)))
}

/** Everything that is open and needs no second look. */
export function firstChoice(run: Reviewed): Choice {
  return new Set(openChanges(run).filter((at) => !isFlagged(run, at)))
}

export function flaggedIn(run: Reviewed, choice: Iterable<number>): number[] {
  return [...choice].filter((at) => isFlagged(run, at))
}

/** One path turns; a folder takes its unflagged paths with it, and lets go of all. */
export function turned(run: Reviewed, choice: Choice, members: readonly number[]): Choice {
  const open = new Set(openChanges(run))
  const mine = members.filter((at) => open.has(at))
  const [only] = mine
  const wanted = mine.length === 1 && only !== undefined ? mine : mine.filter((at) => !isFlagged(run, at))
  const isWhole = wanted.length > 0 && wanted.every((at) => choice.has(at))
  if (!isWhole && wanted.length > 0) return new Set([...choice, ...wanted])
  return new Set([...choice].filter((at) => !mine.includes(at)))
}

export type Mark = 'all' | 'some' | 'none'

export function markOf(choice: Choice, members: readonly number[]): Mark {
  const count = members.filter((at) => choice.has(at)).length
  return count === 0 ? 'none' : count === members.length ? 'all' : 'some'
}

/**
 * What an apply names; nothing means all of it. A path names everything below it, too: a folder is named only when all
 * that lies below it is chosen (a new folder comes along with what is chosen in it).
 */
export function namedPaths(run: Reviewed, choice: Choice): Bytes[] {
  const open = openChanges(run)
  if (open.length === run.changes.length && choice.size === open.length && flaggedIn(run, choice).length === 0) return []
  const left = open.filter((at) => !choice.has(at)).map((at) => keyAt(run, at))
  return [...choice].sort((a, b) => a - b).flatMap((at) => {
    const change = run.changes[at]
    const prefix = `${keyAt(run, at)}/`
    return !change || left.some((key) => key.startsWith(prefix)) ? [] : [change.path]
  })
}

function keyAt({ changes }: Reviewed, at: number): string {
  return changes[at] ? keyOf(changes[at].path) : ''
}

function isFlagged({ changes }: Reviewed, at: number): boolean {
  return changes[at] !== undefined && isBlocking(changes[at])
}
