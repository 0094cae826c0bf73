/** What the network did not let through, each with the words that would. */
import { safe } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { allowingLine } from '@nexus/protocol/words'
import { Copy } from '../page/copy.tsx'

const SHOWN = 10

export function Denials({ run }: { readonly run: Pick<Run, 'denials' | 'agent'> }) {
  const { denials } = run
  if (denials.length === 0) return null
  return (
    <ul className="denials" aria-label="Denied by the network">
      {denials.slice(0, SHOWN).map((denial) => ({ ...denial, allow: allowingLine(run, denial) })).map(({ target, reason, count, why, allow }) => (
        <li key={`${target} ${reason}`}>
          <span className="careful-words">denied</span> <span className="mono">{safe(target)}</span>{count > 1 ? ` ${count} times` : ''}: {safe(why)}
          {allow !== undefined && <> <Copy text={safe(allow)} /></>}
        </li>
      ))}
      {denials.length > SHOWN && <li className="quiet">and {denials.length - SHOWN} more</li>}
    </ul>
  )
}
