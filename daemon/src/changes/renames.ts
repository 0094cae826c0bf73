/**
 * Finds deleted and added files that are one moved file: the very same file of a lower layer (a renamed directory),
 * or the same content where only one pairing is possible. Never empty files, never links.
 */
import type { Draft } from './survey.ts'
import { nameOf, parentOf } from './byte-path.ts'

export function nameRenames(drafts: readonly Draft[]): Draft[] {
  const deleted = new Set(drafts.filter((draft) => draft.kind === 'deleted' && isMovable(draft.before)))
  const added = new Set(drafts.filter((draft) => draft.kind === 'added' && isMovable(draft.after)))
  const renames = new Map<Draft, Draft>()
  if (deleted.size > 0 && added.size > 0) {
    pair(deleted, added, renames, (draft) => draft.realBefore, (draft) => draft.realAfter)
    const content = ({ before, after }: Draft) => (before ?? after)?.sha256
    const contentAndName = (draft: Draft) => `${content(draft)} ${nameOf(draft.path)}`
    pair(deleted, added, renames, contentAndName, contentAndName)
    pair(deleted, added, renames, content, content)
    // Copies of one file that moved along with their directory: go where their neighbours went.
    const moved = new Map([...renames].map(([to, from]) => [parentOf(from.path), parentOf(to.path)]))
    pair(deleted, added, renames, (draft) => `${contentAndName(draft)} ${moved.get(parentOf(draft.path)) ?? ''}`, (draft) => `${contentAndName(draft)} ${parentOf(draft.path)}`)
  }
  const gone = new Set(renames.values())
  return drafts.filter((draft) => !gone.has(draft)).map((draft) => {
    const from = renames.get(draft)
    return from ? renamed(from, draft) : draft
  })
}

function isMovable(signature: Draft['before']): boolean {
  return signature?.type === 'file' && signature.sha256 !== undefined && signature.size > 0
}

function renamed(from: Draft, to: Draft): Draft {
  return {
    ...to, kind: 'renamed', from: from.path, flags: new Set([...from.flags, ...to.flags]),
    ...(from.before ? { before: from.before } : {}), ...(from.realBefore === undefined ? {} : { realBefore: from.realBefore }),
  }
}

/** Pairs what is alone with its key on both sides. */
function pair(deleted: Set<Draft>, added: Set<Draft>, renames: Map<Draft, Draft>, keyOfDeleted: (draft: Draft) => string | undefined, keyOfAdded: (draft: Draft) => string | undefined): void {
  const sources = byKey(deleted, keyOfDeleted)
  for (const [key, targets] of byKey(added, keyOfAdded)) {
    const [from, ...otherSources] = sources.get(key) ?? []
    const [to, ...otherTargets] = targets
    if (!from || !to || otherSources.length > 0 || otherTargets.length > 0) continue
    renames.set(to, from)
    deleted.delete(from)
    added.delete(to)
  }
}

function byKey(drafts: ReadonlySet<Draft>, keyOf: (draft: Draft) => string | undefined): Map<string, Draft[]> {
  const groups = new Map<string, Draft[]>()
  for (const draft of drafts) {
    const key = keyOf(draft)
    if (key === undefined) continue
    const group = groups.get(key)
    if (group) group.push(draft)
    else groups.set(key, [draft])
  }
  return groups
}
