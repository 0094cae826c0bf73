/** What settling conflicts would write, before it is written: approved by a digest of its own. */
import { useState } from 'react'
import { CHOICE_WORDS } from '@nexus/protocol/change-words'
import { isBlocking } from '@nexus/protocol/change-flags'
import { safePath } from '@nexus/protocol/readable'
import type { Merged, Run } from '@nexus/protocol/runs'
import { plural } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { Dialog } from '../page/dialog.tsx'
import { useNexus } from '../page/nexus.ts'
import { CriticalWord, isSaid, saidIn } from './critical-word.tsx'
import { DiffTable } from './diff-table.tsx'
import { linesOf } from './patch.ts'
import { keyOf } from '@nexus/protocol/path-key'

interface MergedDialogProps { readonly run: string; readonly merged: Merged; readonly critical: Pick<Run, 'verdict'>; readonly onClose: () => void }

export function MergedDialog({ run, merged, critical, onClose }: MergedDialogProps) {
  const { calls, mirror, say } = useNexus()
  const [isBusy, setBusy] = useState(false)
  const [word, setWord] = useState('')
  const flagged = merged.changes.filter(isBlocking)
  const write = async () => {
    setBusy(true)
    try {
      const { applied, conflicts } = await calls.runs.applyChanges.mutate({ run, paths: [], ...saidIn(critical), ...(merged.digest === null ? {} : { digest: merged.digest }) })
      say(conflicts.length > 0 ? `Nothing was applied: ${plural(conflicts.length, 'conflict')}.` : `Applied ${plural(applied.length, 'path')}.`, conflicts.length > 0 ? 'bad' : 'good')
    } catch (error) {
      say(`${problemOf(error).message}. ${problemOf(error).next}`, 'bad')
    }
    onClose()
    void mirror.refresh(run)
  }
  return (
    <Dialog title={merged.changes.length === 0 ? 'Leave the host as it is?' : `Write ${plural(merged.changes.length, 'path')} to the host?`} onClose={onClose}>
      <ul className="flagged">
        {merged.resolved.map(({ path, choice }) => <li key={keyOf(path)}><bdi className="mono">{safePath(path)}</bdi> <strong>{CHOICE_WORDS[choice]}</strong></li>)}
        {flagged.map(({ path }) => <li key={keyOf(path)} className="careful-words">⚑ <bdi className="mono">{safePath(path)}</bdi></li>)}
      </ul>
      {merged.patch !== '' && <div className="diff merged" tabIndex={0} role="region" aria-label="What would be written"><DiffTable lines={linesOf(merged.patch)} isBeside={false} /></div>}
      {merged.changes.length > 0 && <CriticalWord run={critical} word={word} onWord={setWord} />}
      <p className="actions">
        <button type="button" autoFocus onClick={onClose}>Not yet</button>
        <button type="button" className="primary" disabled={isBusy || (merged.changes.length > 0 && !isSaid(critical, word))} onClick={() => void write()}>{merged.changes.length === 0 ? 'Leave it' : 'Write it'}</button>
      </p>
    </Dialog>
  )
}
