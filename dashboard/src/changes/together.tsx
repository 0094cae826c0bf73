/** A run that stands on others which are not applied: all of them as one change set, shown before it is approved. */
import { useEffect, useState } from 'react'
import { FLAG_WORDS, SIGNS } from '@nexus/protocol/change-words'
import { safePath } from '@nexus/protocol/readable'
import type { Diff, Run } from '@nexus/protocol/runs'
import { plural } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { Dialog } from '../page/dialog.tsx'
import { useNexus } from '../page/nexus.ts'

const SHOWN = 200

/** `onAgreed` gets the digest that was on the screen. */
export function TogetherDialog({ run, onAgreed, onClose }: { readonly run: Run; readonly onAgreed: (digest: string) => void; readonly onClose: () => void }) {
  const { calls, say } = useNexus()
  const [all, setAll] = useState<Diff>()
  useEffect(() => {
    calls.runs.diff.query({ run: run.id, against: 'host', patch: false }).then(setAll, (error: unknown) => {
      say(problemOf(error).message, 'bad')
      onClose()
    })
  }, [calls, say, run.id, onClose])
  const count = (run.needs ?? []).length
  const { digest = null, changes = [] } = all ?? {}
  return (
    <Dialog title={`Apply ${plural(count + 1, 'run')} as one?`} onClose={onClose}>
      <p>It stands on {plural(count, 'run')} not applied yet. {all ? `Together they are ${plural(changes.length, 'change')}:` : 'Asking what they are together…'}</p>
      <ul className="flagged">
        {changes.slice(0, SHOWN).map(({ path, kind, flags }) => <li key={safePath(path)}><span className={`kind-${kind}`} aria-hidden="true">{SIGNS[kind]}</span> <span className="spoken">{kind}</span> <bdi className="mono">{safePath(path)}</bdi> <span className="careful-words">{flags.map((flag) => FLAG_WORDS[flag]).join(', ')}</span></li>)}
        {changes.length > SHOWN && <li>… and {changes.length - SHOWN} more</li>}
      </ul>
      <p className="actions">
        <button type="button" autoFocus onClick={onClose}>Not yet</button>
        <button type="button" className="primary" disabled={digest === null} onClick={() => { if (digest !== null) onAgreed(digest) }}>Apply them as one</button>
      </p>
    </Dialog>
  )
}
