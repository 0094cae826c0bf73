/** Everything is stopped: what that ended, and what of the host was written since. Stays until it is released. */
import type { Receipt } from '@nexus/protocol/receipt'
import { hostWords, leftWords, reachWords, writtenWords } from '@nexus/protocol/receipt-words'
import { safe, safePath } from '@nexus/protocol/readable'
import { commandLine, moment } from '@nexus/protocol/words'

const SHOWN = 6

export function Stopped({ receipt }: { readonly receipt: Receipt | undefined }) {
  return (
    <section className="killed" role="alert" aria-label="Everything is stopped">
      <p>Everything is stopped. Nothing runs until it is released.</p>
      {receipt && <ReceiptLines receipt={receipt} />}
    </section>
  )
}

function ReceiptLines({ receipt }: { readonly receipt: Receipt }) {
  const { runs, written, endedAt } = receipt
  const reached = reachWords(receipt)
  return (
    <ul className="receipt">
      {runs.slice(0, SHOWN).map((run) => (
        <li key={`${run.id} ${run.was}`}><a href={`#/runs/${run.id}`}>{run.id}</a> <span className="mono">{safe(commandLine(run.command))}</span>{mark(leftWords(run))}</li>
      ))}
      {runs.length > SHOWN && <li>and {runs.length - SHOWN} more</li>}
      <li>Host: {hostWords(receipt)}.</li>
      {written.map((one) => (
        <li key={`${one.run} ${one.direction} ${one.writtenAt}`}>
          {moment(one.writtenAt, endedAt)} {writtenWords(one)} in <span className="mono">{safe(one.project)}</span>
          {one.end !== 'undone' && one.paths && <>: <span className="mono">{one.paths.slice(0, SHOWN).map(safePath).join('  ')}</span>{mark(one.paths.length > SHOWN ? `and ${one.paths.length - SHOWN} more` : undefined)}</>}
        </li>
      ))}
      {reached !== undefined && <li>Network: {safe(reached)} could be reached; what went there is gone.</li>}
    </ul>
  )
}

function mark(words: string | undefined): string {
  return words === undefined ? '' : ` — ${safe(words)}`
}
