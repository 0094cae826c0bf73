/** The diff of one path, side by side or inline. Text is only ever set as text; what could deceive an eye is shown as an escape. */
import { useEffect, useMemo, useState, useSyncExternalStore } from 'react'
import type { Change } from '@nexus/protocol/changes'
import { safePath, safePieces } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { bytes } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { useKeys } from '../page/keys.ts'
import { useNexus } from '../page/nexus.ts'
import { linesOf, pairsOf, type Line } from './patch.ts'

const WIDE = '(min-width: 1100px)'
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
        {lines.length > 0 && <Table lines={lines.slice(0, limit)} isBeside={isBeside} />}
        {lines.length > limit && <p className="pad"><button type="button" onClick={() => setLimit(limit * 4)}>Show more ({lines.length - limit} lines)</button></p>}
      </div>
    </div>
  )
}

function Table({ lines, isBeside }: { readonly lines: readonly Line[]; readonly isBeside: boolean }) {
  const side = <><col className="number" /><col className="sign" /><col /></>
  if (isBeside) return <table className="beside"><colgroup>{side}{side}</colgroup><tbody>{besideRows(lines)}</tbody></table>
  return <table className="inline"><colgroup><col className="number" />{side}</colgroup><tbody>{lines.map((line, at) => <Inline key={at} line={line} />)}</tbody></table>
}

function Inline({ line }: { readonly line: Line }) {
  if (line.kind === 'hunk' || line.kind === 'note') return <tr className={line.kind}><td colSpan={4}><Code text={line.text} /></td></tr>
  return (
    <tr className={line.kind}>
      <td className="number">{line.oldNumber}</td>
      <td className="number">{line.newNumber}</td>
      <td className="sign">{signOf(line)}</td>
      <td className="code"><Code text={line.text} edited={line.edited} /></td>
    </tr>
  )
}

function besideRows(lines: readonly Line[]) {
  return pairsOf(lines).map(({ left, right }, at) => {
    if (left && (left.kind === 'hunk' || left.kind === 'note')) return <tr key={at} className={left.kind}><td colSpan={6}><Code text={left.text} /></td></tr>
    return (
      <tr key={at}>
        <Side line={left} number={left?.oldNumber} />
        <Side line={right} number={right?.newNumber} />
      </tr>
    )
  })
}

function Side({ line, number }: { readonly line: Line | undefined; readonly number: number | undefined }) {
  const kind = line?.kind ?? 'none'
  return (
    <>
      <td className={`number ${kind}`}>{number}</td>
      <td className={`sign ${kind}`}>{line && signOf(line)}</td>
      <td className={`code ${kind}`}>{line && <Code text={line.text} edited={line.edited} />}</td>
    </>
  )
}

function Code({ text, edited }: { readonly text: string; readonly edited?: Line['edited'] }) {
  if (!edited) return <Pieces text={text} />
  const [from, to] = edited
  return <><Pieces text={text.slice(0, from)} />{to > from && <mark><Pieces text={text.slice(from, to)} /></mark>}<Pieces text={text.slice(to)} /></>
}

function Pieces({ text }: { readonly text: string }) {
  const pieces = safePieces(text)
  return pieces.length === 1 ? text : pieces.map((piece, at) => (at % 2 === 0 ? piece : <span key={at} className="escape">{piece}</span>))
}

function signOf({ kind }: Line): string {
  return kind === 'added' ? '+' : kind === 'removed' ? '−' : ''
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
