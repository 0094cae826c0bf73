/** Flags that need a person: such a path is never applied by `--apply` or by policy alone. */
import type { ChangeFlag, ChangeKind, Change, Counts } from './changes.ts'

export const BLOCKING_FLAGS: readonly ChangeFlag[] = ['auto-exec', 'nexus-settings', 'setuid', 'hardlink', 'special', 'base-moved']

export function isBlocking(change: Pick<Change, 'flags'>): boolean {
  return change.flags.some((flag) => BLOCKING_FLAGS.includes(flag))
}

export function countChanges(changes: readonly { kind: ChangeKind }[]): Counts {
  const counts: Counts = { added: 0, modified: 0, deleted: 0, renamed: 0, type: 0, meta: 0 }
  for (const change of changes) counts[change.kind] += 1
  return counts
}
