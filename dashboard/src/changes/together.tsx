/** A run that stands on others which are not applied: all of them as one change set, shown before it is approved. */
import { useEffect, useState } from 'react'
import { FLAG_WORDS, SIGNS } from '@nexus/protocol/change-words'
import { safePath } from '@nexus/protocol/readable'
import type { Diff, Run } from '@nexus/protocol/runs'
import { plural } from '@nexus/protocol/words'
import { problemOf } from '../daemon/calls.ts'
import { Dialog } from '../page/dialog.tsx'
import { useNexus } from '../page/nexus.ts'
import { criticalAmong } from './critical-among.ts'
import { CriticalWord, isSaid, saidIn } from './critical-word.tsx'

const SHOWN = 200

interface Together extends Diff {
  readonly critical: Pick<Run, 'verdict'>
}

/** The digest that was on the screen, and the word where one was asked for. */
export type Agreed = { readonly digest: string } & ReturnType<typeof saidIn>

export function TogetherDialog({ run, onAgreed, onClose }: { readonly run: Run; readonly onAgreed: (agreed: Agreed) => void; readonly onClose: () => void }) {
  const { calls, say } = useNexus()
  const [all, setAll] = useState<Together>()
  const [word, setWord] = useState('')
  useEffect(() => {
    const ask = async () => {
      setAll({ ...(await calls.runs.diff.query({ run: run.id, against: 'host', patch: false })), critical: await criticalAmong(calls, run) })
    }
    ask().catch((error: unknown) => {
      say(problemOf(error).message, 'bad')
      onClose()
    })
  }, [calls, say, run, onClose])
  const count = (run.needs ?? []).length
  const { digest = null, changes = [], critical = run } = all ?? {}
  return (
    <Dialog title={`Apply ${plural(count + 1, 'run')} as one?`} onClose={onClose}>
      <p>It stands on {plural(count, 'run')} not applied yet. {all ? `Together they are ${plural(changes.length, 'change')}:` : 'Asking what they are together…'}</p>
      <ul className="flagged">
        {changes.slice(0, SHOWN).map(({ path, kind, flags }) => <li key={safePath(path)}><span className={`kind-${kind}`} aria-hidden="true">{SIGNS[kind]}</span> <span className="spoken">{kind}</span> <bdi className="mono">{safePath(path)}</bdi> <span className="careful-words">{flags.map((flag) => FLAG_WORDS[flag]).join(', ')}</span></li>)}
        {changes.length > SHOWN && <li>… and {changes.length - SHOWN} more</li>}
      </ul>
      {all && <CriticalWord run={critical} word={word} onWord={setWord} />}
      <p className="actions">
        <button type="button" autoFocus onClick={onClose}>Not yet</button>
        <button type="button" className="primary" disabled={digest === null || !isSaid(critical, word)} onClick={() => { if (digest !== null) onAgreed({ digest, ...saidIn(critical) }) }}>Apply them as one</button>
      </p>
    </Dialog>
  )
}
