/** Why paths were left alone: what the run saw, what the host has now. Nothing is ever overwritten. */
import { CONFLICT_WORDS } from '@nexus/protocol/change-words'
import type { Signature } from '@nexus/protocol/changes'
import { safe, safePath } from '@nexus/protocol/readable'
import type { Run } from '@nexus/protocol/runs'
import { bytes } from '@nexus/protocol/words'

export function Conflicts({ run }: { readonly run: Run }) {
  const { conflicts } = run
  if (conflicts.length === 0) return null
  return (
    <section className="conflicts" aria-label="Conflicts">
      <h2>{conflicts.length === 1 ? 'One path has' : `${conflicts.length} paths have`} moved on: nothing was written</h2>
      <p>The host is not what the run saw. Leave {conflicts.length === 1 ? 'it' : 'them'} out and apply the others, put the host back as it was, or run the command again on what is there now.</p>
      <ul>
        {conflicts.map(({ path, reason, expected, found, detail }) => (
          <li key={safePath(path)}>
            <p><bdi className="mono">{safePath(path)}</bdi> <span className="bad-words">{CONFLICT_WORDS[reason]}</span>{detail !== undefined && <span className="quiet"> {safe(detail)}</span>}</p>
            {(expected ?? found) && (
              <dl className="seen">
                <dt>the run saw</dt><dd className="mono"><Seen signature={expected} /></dd>
                <dt>the host has</dt><dd className="mono"><Seen signature={found} /></dd>
              </dl>
            )}
          </li>
        ))}
      </ul>
    </section>
  )
}

function Seen({ signature }: { readonly signature: Signature | undefined }) {
  if (!signature) return <>nothing</>
  const { type, mode, size, sha256, linkTarget, mtimeNs } = signature
  const when = new Date(Number(BigInt(mtimeNs) / 1_000_000n))
  return (
    <>
      {type} {mode} {type === 'file' && `${bytes(size)} `}
      {sha256 !== undefined && <span title={sha256}>{sha256.slice(0, 10)} </span>}
      {linkTarget !== undefined && <>→ <bdi>{safePath(linkTarget)}</bdi> </>}
      {!Number.isNaN(when.getTime()) && <time dateTime={when.toISOString()}>{when.toLocaleString()}</time>}
    </>
  )
}
