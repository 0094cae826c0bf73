/** What a path is on one side of a conflict, in one line. */
import type { Signature } from '@nexus/protocol/changes'
import { safePath } from '@nexus/protocol/readable'
import { bytes } from '@nexus/protocol/words'

export function Seen({ signature }: { readonly signature: Signature | undefined }) {
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
