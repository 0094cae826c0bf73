/** What may be decided about a change in conflict, and what the change is once that has been decided. */
import type { Change, ChangeFlag, ChangeKind, Choice, Conflict, Signature } from '@nexus/protocol/changes'
import { pathOf } from './byte-path.ts'
import type { Merge } from './merge.ts'
import { isSpecial } from './seen.ts'
import { sameTarget } from './survey.ts'

/** A change with everything that stands in its way: a rename has two ends. */
export interface Blocked {
  readonly change: Change
  readonly conflicts: readonly Conflict[]
}

export function choicesOf(blocked: Blocked, merge: Merge): Choice[] {
  return [...(merge.state === 'clean' ? (['merge'] as const) : []), ...(isTakeable(blocked) ? (['take'] as const) : []), 'keep', 'skip']
}

/** The same change measured against what the host has: its `before` is the host's, so that a rollback restores that. */
export function rewritten(blocked: Blocked, choice: 'merge' | 'take', merged: Signature | undefined): Change[] {
  const { change } = blocked
  const flags = change.flags.filter((flag) => !SETTLED_FLAGS.includes(flag))
  const after = choice === 'merge' ? merged : change.after
  const found = foundAt(blocked, change.path)
  if (change.from === undefined) return made({ path: change.path, before: found.has ? found.signature : change.before, after, flags })
  const origin = foundAt(blocked, change.from)
  const before = origin.has ? origin.signature : change.before
  if (before && !found.signature) return [{ path: change.path, from: change.from, kind: 'renamed', before, ...(after ? { after } : {}), flags }]
  return [...made({ path: change.from, before, after: undefined, flags }), ...made({ path: change.path, before: found.signature, after, flags })]
}

/** What a person has answered by choosing: they are no reason to refuse any more. */
const SETTLED_FLAGS: readonly ChangeFlag[] = ['base-moved', 'hardlink']
const TAKEABLE: readonly Conflict['reason'][] = ['changed', 'appeared', 'vanished', 'base-moved', 'hardlink']

/** A directory of the host holds what the run never saw: nothing takes its place. */
function isTakeable({ change, conflicts }: Blocked): boolean {
  if (change.flags.includes('unreadable') || (change.after && isSpecial(change.after.type))) return false
  return conflicts.every(({ reason, found, after }) => TAKEABLE.includes(reason) && (!found || (!isSpecial(found.type) && (found.type !== 'directory' || after?.type === 'directory'))))
}

function foundAt({ conflicts }: Blocked, path: Change['path']): { has: boolean; signature: Signature | undefined } {
  const conflict = conflicts.find((one) => pathOf(one.path) === pathOf(path))
  return { has: conflict !== undefined, signature: conflict?.found }
}

function made({ path, before, after, flags }: { path: Change['path']; before: Signature | undefined; after: Signature | undefined; flags: ChangeFlag[] }): Change[] {
  if (!before && !after) return []
  return [{ path, kind: kindOf(before, after), ...(before ? { before } : {}), ...(after ? { after } : {}), flags }]
}

function kindOf(before: Signature | undefined, after: Signature | undefined): ChangeKind {
  if (!before) return 'added'
  if (!after) return 'deleted'
  if (before.type !== after.type) return 'type'
  return before.sha256 === after.sha256 && before.size === after.size && sameTarget(before, after) ? 'meta' : 'modified'
}
