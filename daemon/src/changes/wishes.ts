/** A change as wishes: what each of its paths is expected to be on the host, and what it shall become. */
import type { Change, ChangeFlag } from '@nexus/protocol/changes'
import { pathOf } from './byte-path.ts'
import { entriesOf, isIndexPath } from './git-index.ts'
import type { Wish } from './preconditions.ts'

/** A rename is the going of one path and the coming of another. `archive`: where old contents are kept. */
export function wishesOf(change: Change, isNamed: boolean, archive?: (sha256: string) => Buffer | null): Wish[] {
  const path = pathOf(change.path)
  const flags: ReadonlySet<ChangeFlag> = new Set(change.flags)
  const common = { flags, attributes: flags.has('xattrs'), mayBreakLink: isNamed || change.kind === 'deleted' || change.kind === 'type' }
  const known = change.before?.sha256
  const entries = archive && known !== undefined && isIndexPath(path) ? { entries: () => meaningOf(archive(known)) } : {}
  if (change.from === undefined) return [{ path, before: change.before ?? null, after: change.after ?? null, ...common, ...entries }]
  return [
    { path: pathOf(change.from), before: change.before ?? null, after: null, ...common },
    { path, before: null, after: change.after ?? null, ...common },
  ]
}

function meaningOf(index: Buffer | null): string | null {
  return index && entriesOf(index)
}
