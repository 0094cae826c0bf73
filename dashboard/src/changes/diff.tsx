/** The diff of one path, side by side or inline. */
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Change } from '@nexus/protocol/changes'
import { safePath } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { bytes } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { useKeys } from '../page/keys.ts'
import { useNexus } from '../page/nexus.ts'
import { DiffTable } from './diff-table.tsx'
import { linesOf } from './patch.ts'

const WIDE = '(min-width: 1440px)'
/** More lines than anybody reads at once. */
const LINES_SHOWN = 1500

export function Diff({ run, change }: { readonly run: Run; readonly change: Change }) {
  const { calls } = useNexus()
  const [patch, setPatch] = useState<{ text?: string; problem?: string }>({})
  const isFolder = (change.after ?? change.before)?.type === 'directory'
  const isGone = run.status === 'discarded' || run.status === 'stale'
  const isWide = useSyncExternalStore(watchWidth, () => window.matchMedia(WIDE).matches)
  const [asked, setAsked] = useState<boolean>()
  const isBeside = asked ?? isWide
  const [limit, setLimit] = useState(LINES_SHOWN)
  useKeys({ 'd': () => setAsked(!isBeside) })
  useEffect(() => {
    let isLeft = false
    if (isFolder || isGone) return undefined
    calls.runs.diff.query({ run: run.id, paths: [change.path] }).then(
      ({ patch: text = '' }) => { if (!isLeft) setPatch({ text }) },
      (error: unknown) => { if (!isLeft) setPatch({ problem: problemOf(error).message }) },
    )
    return () => { isLeft = true }
  }, [calls, run.id, change.path, isFolder, isGone])
  const lines = useMemo(() => linesOf(patch.text ?? ''), [patch.text])
  return (
    <div className="diff">
      <div className="diff-head">
        <bdi className="mono name">{safePath(change.path)}</bdi>
        <span className="quiet nowrap">{describe(change)}</span>
        {lines.length > 0 && <button type="button" className="quiet-button" aria-pressed={isBeside} onClick={() => setAsked(!isBeside)}>side by side</button>}
      </div>
      <div className="diff-body" tabIndex={0} role="region" aria-label={`Diff of ${safePath(change.path)}`}>
        {isGone && patch.text === undefined && <p className="quiet pad">Its layer is gone, and the diff with it.</p>}
        {isFolder && <p className="quiet pad">A folder.</p>}
        {patch.problem !== undefined && <p className="bad-words pad">{patch.problem}</p>}
        {patch.text === '' && !isFolder && <p className="quiet pad">No line of it changes.</p>}
        {lines.length > 0 && <DiffTable lines={lines.slice(0, limit)} isBeside={isBeside} />}
        {lines.length > limit && <p className="pad"><button type="button" onClick={() => setLimit(limit * 4)}>Show more ({lines.length - limit} lines)</button></p>}
      </div>
    </div>
  )
}

function describe({ kind, before, after }: Change): string {
  if (kind === 'type') return `${before?.type ?? 'nothing'} → ${after?.type ?? 'nothing'}`
  const mode = before && after && before.mode !== after.mode ? `, mode ${before.mode} → ${after.mode}` : ''
  const size = after?.type === 'file' ? bytes(after.size) : before?.type === 'file' ? bytes(before.size) : (after ?? before)?.type ?? ''
  return `${kind}, ${size}${mode}`
}

function watchWidth(listener: () => void): () => void {
  const query = window.matchMedia(WIDE)
  query.addEventListener('change', listener)
  return () => query.removeEventListener('change', listener)
}
