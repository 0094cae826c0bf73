/**
 * The change sets of a stack as one: what the host has before the first, what it will have after the last. Made of the
 * sealed change sets alone, so that an approval of it means the same tomorrow.
 */
import type { Change, ChangeFlag, Signature } from '@nexus/protocol/changes'
import type { Breath } from './breath.ts'
import { comparePaths, pathOf, type BytePath } from './byte-path.ts'
import type { ChangeSet } from './changes.ts'
import { digestOf } from './digest.ts'
import { flagsOf } from './flags.ts'
import { withoutLoneIndex } from './git.ts'
import { nameRenames } from './renames.ts'
import { isSpecial } from './seen.ts'
import { changeOf, kindOf, unlinked, type Draft } from './survey.ts'
import type { View } from './view.ts'

export interface CombineParts {
  readonly view: Pick<View, 'after'>
  readonly project: string
  readonly isRoot: boolean
  readonly breath: Breath
}

/** `sets`: nearest the host first. */
export async function combine(parts: CombineParts, sets: readonly (readonly Change[])[]): Promise<ChangeSet> {
  const drafts = nameRenames([...spansOf(sets)].flatMap(([path, span]) => draftOf(parts, path, span) ?? []))
  const changes: Change[] = []
  for (const draft of withoutLoneIndex(drafts).map(unlinked).sort((a, b) => comparePaths(a.path, b.path))) changes.push(changeOf(await asLeft(parts, draft)))
  return { changes, digest: digestOf(changes) }
}

/** What a path was before the first run and is after the last. */
interface Span {
  readonly before: Signature | undefined
  readonly after: Signature | undefined
  readonly flags: ReadonlySet<ChangeFlag>
  /** Where its content stood before the first run, as far as it only moved. */
  readonly origin: BytePath | undefined
}

function spansOf(sets: readonly (readonly Change[])[]): Map<BytePath, Span> {
  const spans = new Map<BytePath, Span>()
  for (const set of sets) {
    const earlier = new Map(spans)
    const originOf = (path: BytePath) => (earlier.has(path) ? earlier.get(path)?.origin : path)
    for (const { path: to, from, kind, before, after, flags } of set) {
      const path = pathOf(to)
      const old = from === undefined ? undefined : pathOf(from)
      if (old !== undefined) put(old, before, undefined, flags, undefined)
      const origin = old !== undefined ? originOf(old) : kind === 'meta' ? originOf(path) : undefined
      put(path, old === undefined ? before : undefined, after, flags, origin)
    }
  }
  return spans

  function put(path: BytePath, before: Signature | undefined, after: Signature | undefined, flags: readonly ChangeFlag[], origin: BytePath | undefined): void {
    const known = spans.get(path)
    spans.set(path, { before: known ? known.before : before, after, flags: new Set([...(known?.flags ?? []), ...flags]), origin })
  }
}

/** What only the run itself could see; the other flags follow from the path and what it becomes. */
const SEEN: readonly ChangeFlag[] = ['base-moved', 'hardlink', 'xattrs', 'unreadable', 'auto-exec']

function draftOf({ project, isRoot }: CombineParts, path: BytePath, { before, after, flags, origin }: Span): Draft | null {
  if (!before && !after) return null
  const kind = kindOf(before, after, { otherAttributes: flags.has('xattrs'), owners: isRoot, otherDevice: before !== undefined && isSpecial(before.type) })
  if (!kind) return null
  // A path that the host does not have yet cannot have moved there, nor have a second name.
  const seen = SEEN.filter((flag) => flags.has(flag) && (before !== undefined || (flag !== 'base-moved' && flag !== 'hardlink')))
  return {
    path, kind, flags: new Set([...seen, ...flagsOf(path, project, kind, before, after)]),
    ...(before ? { before, realBefore: path } : {}), ...(after ? { after } : {}), ...(after && origin !== undefined ? { realAfter: origin } : {}),
  }
}

/** A folder of an earlier run has the time that the last one left. */
async function asLeft({ view, breath }: CombineParts, draft: Draft): Promise<Draft> {
  if (draft.after?.type !== 'directory') return draft
  if (breath.isDue) await breath.take()
  const found = await view.after(draft.path)
  return found?.seen.type === 'directory' ? { ...draft, after: { ...draft.after, mtimeNs: found.seen.mtimeNs.toString() } } : draft
}
