/** Is what the page shows live? A word beside the colour, and since when it is not. */
import { duration } from '@nexus/protocol/words'
import { useNow } from './now.ts'
import { usePicture } from './nexus.ts'

export function ConnectionState() {
  const { connection, view, isOutdated } = usePicture()
  const now = useNow(1000)
  const words = connection.type === 'live' ? 'live' : connection.type === 'connecting' ? 'connecting' : 'reconnecting'
  return (
    <span className={`connection ${connection.type}`} role="status">
      <span className="dot" aria-hidden="true" />
      <span>{words}</span>
      {connection.type === 'lost' && <span className="quiet wide" aria-hidden="true"> {duration(Math.max(0, now - connection.since))}</span>}
      {view && connection.type === 'live' && <span className="quiet wide seq" aria-hidden="true" title="the newest event on this page">#{view.seq}</span>}
      {isOutdated && <button type="button" className="link" onClick={() => window.location.reload()}>new version: reload</button>}
    </span>
  )
}
