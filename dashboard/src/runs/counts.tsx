/** How many paths a run adds, changes, deletes: signs before numbers, so that no colour is needed to read them. */
import { SIGNS } from '@nexus/protocol/change-words'
import type { ChangeKind, Counts as CountsShape } from '@nexus/protocol/changes'

const WORDS: Readonly<Record<ChangeKind, string>> = { added: 'added', modified: 'modified', deleted: 'deleted', renamed: 'renamed', type: 'of another type', meta: 'metadata only' }
const KINDS = ['added', 'modified', 'deleted', 'renamed', 'type', 'meta'] as const

export function Counts({ counts }: { readonly counts: CountsShape }) {
  const there = KINDS.filter((kind) => counts[kind] > 0)
  if (there.length === 0) return null
  return (
    <span className="counts">
      <span aria-hidden="true">{there.map((kind) => <span key={kind} className={`kind-${kind}`}>{SIGNS[kind]}{counts[kind]}</span>)}</span>
      <span className="spoken">{there.map((kind) => `${counts[kind]} ${WORDS[kind]}`).join(', ')}</span>
    </span>
  )
}
