/** The lines of a patch as a table. Text is only ever set as text; what could deceive an eye is shown as an escape. */
import { Pieces } from '../page/pieces.tsx'
import { pairsOf, type Line } from './patch.ts'

export function DiffTable({ lines, isBeside }: { readonly lines: readonly Line[]; readonly isBeside: boolean }) {
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

function signOf({ kind }: Line): string {
  return kind === 'added' ? '+' : kind === 'removed' ? '−' : ''
}
